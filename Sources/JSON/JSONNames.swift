// A walk that stops only at members with certain names: for readers that want many and mostly find few, such as those
// of a stream's chunks.

internal import CSimdJSON

/// Names of members. Made once, as a static constant.
package struct JSONNames: @unchecked Sendable {
    // Because the addresses are those of literals, which never change and never go.
    fileprivate let names: [CSimdJSONName]

    package init(_ names: StaticString...) {
        self.names = names.map { CSimdJSONName(bytes: $0.utf8Start, count: $0.utf8CodeUnitCount) }
    }
}

extension JSONElement {
    /// Hands out each member that has one of these names, with the name's place among them, in the text's order and
    /// with duplicates. Nothing happens when this is no object.
    package func forEachMember(named names: JSONNames, _ body: (Int, JSONElement) -> Void) {
        guard var cursor = walkOverMembers() else { return }
        var (index, value) = (0, CSimdJSONValue())
        while csimdjson_next_named(&cursor, names.names, names.names.count, &index, &value) {
            body(index, JSONElement(value, in: document))
        }
    }
}
