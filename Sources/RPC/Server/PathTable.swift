// A look-up by bytes that are still in a read buffer: no String is made per call.

internal import Glibc

/// Values by path. Filled before a server starts, then only read.
struct PathTable<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let path: [UInt8]
        let value: Value
    }
    private var entries: [Entry] = []
    /// Indexes into `entries` plus one by hash, zero for free: open addressing, at most half full.
    private var slots = [Int32](repeating: 0, count: 8)

    /// In the order of their insertion.
    var values: [Value] { entries.map(\.value) }

    /// - Returns: false when the path is there already.
    mutating func insert(_ value: Value, path: String) -> Bool {
        let path = Array(path.utf8)
        guard self[path.span] == nil else { return false }
        entries.append(Entry(path: path, value: value))
        if entries.count * 2 > slots.count { slots = [Int32](repeating: 0, count: slots.count * 2) }
        slots = slots.map { _ in 0 }
        for (index, entry) in entries.enumerated() {
            var slot = Self.hash(entry.path.span) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(index + 1)
        }
        return true
    }

    subscript(path: Span<UInt8>) -> Value? {
        var slot = Self.hash(path) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if Self.isEqual(entry.path.span, path) { return entry.value }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Of the length and the last bytes, where methods differ. The keys are the methods that we registered, so nobody
    /// can choose colliding ones.
    private static func hash(_ bytes: Span<UInt8>) -> Int {
        var hash = UInt64(bytes.count)
        for index in max(0, bytes.count - 6)..<bytes.count { hash = hash &* 31 &+ UInt64(bytes[index]) }
        return Int(truncatingIfNeeded: hash ^ (hash >> 15))
    }

    private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                // Both are empty, or both have an address.
                guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
                return memcmp(leftBase, rightBase, left.count) == 0
            }
        }
    }
}
