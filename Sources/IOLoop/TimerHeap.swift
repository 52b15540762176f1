// A binary heap of timers that know their place in it, so that a cancelled timer leaves at once. Most timers are
// deadlines that never fire: lazy removal would keep millions of dead ones.

/// A timer in a loop's heap. Owned by the loop until it fired or was cancelled.
final class TimerEntry {
    let fireNanoseconds: Int64
    /// Runs on the loop; nil after it ran or was cancelled.
    var body: (() -> Void)?
    fileprivate(set) var index: Int

    init(fireNanoseconds: Int64, body: @escaping () -> Void) {
        self.fireNanoseconds = fireNanoseconds
        self.body = body
        self.index = -1
    }

    var isQueued: Bool { index >= 0 }
}

/// The heap, earliest first. On the loop only.
struct TimerHeap {
    private var entries: [TimerEntry] = []

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var earliestNanoseconds: Int64? { entries.first?.fireNanoseconds }

    mutating func insert(_ entry: TimerEntry) {
        precondition(!entry.isQueued, "a timer is queued once")
        entry.index = entries.count
        entries.append(entry)
        siftUp(entry.index)
    }

    mutating func remove(_ entry: TimerEntry) {
        guard entry.isQueued else { return }
        let index = entry.index
        let last = entries.removeLast()
        entry.index = -1
        guard last !== entry else { return }
        place(last, at: index)
        siftUp(index)
        siftDown(last.index)
    }

    /// Takes the earliest timer if it is due.
    mutating func popDue(atNanoseconds now: Int64) -> TimerEntry? {
        guard let first = entries.first, first.fireNanoseconds <= now else { return nil }
        remove(first)
        return first
    }

    private mutating func place(_ entry: TimerEntry, at index: Int) {
        entries[index] = entry
        entry.index = index
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        let entry = entries[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard entry.fireNanoseconds < entries[parent].fireNanoseconds else { break }
            place(entries[parent], at: index)
            index = parent
        }
        place(entry, at: index)
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        let entry = entries[index]
        while true {
            var child = 2 * index + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].fireNanoseconds < entries[child].fireNanoseconds {
                child += 1
            }
            guard entries[child].fireNanoseconds < entry.fireNanoseconds else { break }
            place(entries[child], at: index)
            index = child
        }
        place(entry, at: index)
    }
}
