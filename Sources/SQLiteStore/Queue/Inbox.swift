// What waits for the database, and how much of it is taken at a time. Pure.

internal import DequeModule

/// Operations in the order of their arrival.
struct Inbox {
    /// Operations of one batch: with the shortest sync of a disk, 0.1 ms, batches of that size are no bottleneck.
    static let batchCountMax = 256
    /// Bytes of one batch, roughly: what a checkpoint moves at once.
    static let batchBytesMax = 4 << 20

    private var operations: Deque<any QueuedOperation> = []
    /// True while somebody drains, or is about to.
    private(set) var isDraining = false
    /// True when nothing is taken any more.
    private(set) var isClosed = false

    var count: Int { operations.count }

    /// Adds an operation. True when somebody must be woken to drain.
    mutating func add(_ operation: any QueuedOperation) -> Bool {
        operations.append(operation)
        defer { isDraining = true }
        return !isDraining
    }

    /// The next batch, within the limits and never empty; nil when there is nothing, and nobody drains any more.
    mutating func takeBatch() -> [any QueuedOperation]? {
        guard !operations.isEmpty else {
            isDraining = false
            return nil
        }
        var batch: [any QueuedOperation] = []
        var bytes = 0
        while let next = operations.first, batch.count < Self.batchCountMax {
            bytes += next.weight
            if bytes > Self.batchBytesMax, !batch.isEmpty { break }
            batch.append(next)
            operations.removeFirst()
        }
        return batch
    }

    /// Takes nothing from now on; what is there is still drained.
    mutating func close() { isClosed = true }
}
