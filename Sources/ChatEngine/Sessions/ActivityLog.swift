// Sessions in the order of their last touch, for lists and for expiry. Pure; inside the in-memory store's mutex.

/// A log of touches, newest at the end. A touch appends; the session's former entry stays behind as a stale one, and
/// the log is compacted when more than half of it is stale. So a touch costs amortised constant time, finding a
/// position is a binary search, and a page starts wherever the last one ended, although sessions moved meanwhile.
struct ActivityLog<Key: Sendable>: Sendable {
    struct Entry: Sendable {
        /// Unique, and greater than that of every entry before.
        var position: Int64
        var key: Key
    }

    /// Shorter logs are not worth compacting.
    private static var compactionThreshold: Int { 64 }

    private var entries: [Entry] = []
    /// Entries before this index were removed from the old end.
    private var first = 0
    private var staleCount = 0

    init() {}

    /// How many entries are of use.
    var liveCount: Int { entries.count - first - staleCount }

    /// Adds a touch.
    mutating func append(position: Int64, key: Key) {
        if let last = entries.last {
            precondition(last.position < position, "a touch at \(position) cannot follow one at \(last.position)")
        }
        entries.append(Entry(position: position, key: key))
    }

    /// An entry is of no use any more: its session was touched again or removed. `isLive` tells which entries are.
    mutating func markStale(isLive: (Entry) -> Bool) {
        staleCount += 1
        guard entries.count > Self.compactionThreshold, (staleCount + first) * 2 > entries.count else { return }
        entries = entries[first...].filter(isLive)
        first = 0
        staleCount = 0
    }

    /// Live entries from the newest before `position` (nil: the newest of all) to the oldest, until `body` returns
    /// false.
    func forEachNewestFirst(before position: Int64?, isLive: (Entry) -> Bool, _ body: (Entry) -> Bool) {
        var index = position.map { lowerBound($0) } ?? entries.count
        while index > first {
            index -= 1
            if isLive(entries[index]), !body(entries[index]) { return }
        }
    }

    /// Removes the oldest entry where it is stale, and returns the oldest live one.
    mutating func oldest(isLive: (Entry) -> Bool) -> Entry? {
        while first < entries.count {
            if isLive(entries[first]) { return entries[first] }
            first += 1
            staleCount -= 1
        }
        entries.removeAll(keepingCapacity: true)
        first = 0
        return nil
    }

    /// The first index whose position is not less than `position`.
    private func lowerBound(_ position: Int64) -> Int {
        var low = first
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
