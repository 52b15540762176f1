// Puts tool calls together from the pieces of a stream. Pure.

internal import ChatEngine
internal import JSON

/// The tool calls of one answer while they arrive.
///
/// Servers name the call that a piece belongs to by index, by id, by both, or by neither: a known id decides; a new
/// id begins a call, also at an index that is taken, since Ollama gives all parallel calls index 0; without an id the
/// index decides, and without both the last call goes on until a name begins another.
struct ToolCallAssembly {
    /// More tools than any model asks for at once.
    static let callsMax = 128
    /// Arguments of all calls of an answer.
    static let argumentBytesMax = 1 << 20

    private struct Call {
        var index: Int?
        var id: String
        var name: String
        var arguments: String
    }

    private var calls: [Call] = []
    private var argumentBytes = 0

    var isEmpty: Bool { calls.isEmpty }

    mutating func add(_ piece: ChatCompletionsChunk.ToolCallPiece) throws(ModelError) {
        argumentBytes += piece.arguments.utf8.count
        guard argumentBytes <= Self.argumentBytesMax else {
            throw ModelError(
                .malformedResponse, "the model's tool calls are longer than \(Self.argumentBytesMax) bytes")
        }
        guard let place = place(of: piece) else {
            guard calls.count < Self.callsMax else {
                throw ModelError(.malformedResponse, "the model asked for more than \(Self.callsMax) tools at once")
            }
            calls.append(
                Call(index: piece.index, id: piece.id, name: piece.name, arguments: piece.arguments))
            return
        }
        if calls[place].id.isEmpty { calls[place].id = piece.id }
        // Names come whole; servers that repeat a call's head repeat the name with it.
        if calls[place].name.isEmpty { calls[place].name = piece.name }
        calls[place].arguments += piece.arguments
    }

    /// The call that a piece continues; nil when it begins one.
    private func place(of piece: ChatCompletionsChunk.ToolCallPiece) -> Int? {
        if !piece.id.isEmpty {
            if let known = calls.lastIndex(where: { $0.id == piece.id }) { return known }
            // The id may come after the name, at an index that both share.
            return calls.lastIndex { $0.id.isEmpty && piece.index != nil && $0.index == piece.index && $0.name.isEmpty }
        }
        guard let place = piece.index.map({ index in calls.lastIndex { $0.index == index } }) ?? calls.indices.last
        else { return nil }
        // A name where one is known, after complete arguments, is another call and not the same one again.
        let beginsAnother =
            !piece.name.isEmpty && !calls[place].name.isEmpty
            && (piece.index == nil || Self.isObject(calls[place].arguments))
        return beginsAnother ? nil : place
    }

    private static func isObject(_ text: String) -> Bool {
        guard let document = try? JSONDocument(Array(text.utf8)) else { return false }
        return document.root.kind == .object
    }

    /// The calls, each with an id of its own, a name, and a JSON object as arguments.
    ///
    /// - Throws: `ModelError(.malformedResponse)` when one of them is unfinished: it must not run.
    func finish() throws(ModelError) -> [ToolCall] {
        var result: [ToolCall] = []
        var ids = Set(calls.map(\.id))
        for (position, call) in calls.enumerated() {
            guard !call.name.isEmpty else {
                throw ModelError(.malformedResponse, "the model asked for a tool without naming it")
            }
            let arguments = call.arguments.allSatisfy(\.isWhitespace) ? "{}" : call.arguments
            guard Self.isObject(arguments) else {
                throw ModelError(
                    .malformedResponse,
                    "the model's arguments for tool \(call.name.prefix(64)) are no complete JSON object; "
                        + "a higher limit of output tokens may help")
            }
            var id = call.id
            // A server that leaves out some ids may have used the one that would be made.
            var number = position
            while id.isEmpty {
                if ids.insert("call_\(number)").inserted { id = "call_\(number)" }
                number += 1
            }
            result.append(ToolCall(id: id, name: call.name, arguments: arguments))
        }
        return result
    }
}
