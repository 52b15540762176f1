// Shows that the leak sanitizer finds cycles, also those with a weak reference in them, whose side tables are not
// counted: with the argument `leak` such cycles are left behind. Built and run by .ci/sanitize.

final class Node {
    var next: Node?
    weak var itself: Node?
}

/// Many, since a copy of the last one's address may be left on the stack or in a register.
let count = 100

for _ in 0..<count {
    let node = Node()
    node.itself = node
    if CommandLine.arguments.dropFirst() == ["leak"] { node.next = node }
}
