// What the connections of one loop hold for peers that are slow: frames that are not whole and output that is not
// read. Each connection has limits of its own; ten thousand of them at their limits would be gigabytes, so there is one
// for all. Pure.

/// The sum over a loop's connections, and who goes when it is too much.
struct HeldMemory: Sendable {
    /// One connection that holds something.
    struct Holder<ID> {
        var id: ID
        var bytes: Int
        /// Since when it has made no progress.
        var since: ContinuousClock.Instant
    }

    let bytesMax: Int
    private(set) var bytes = 0

    init(bytesMax: Int) {
        precondition(bytesMax > 0, "connections need memory")
        self.bytesMax = bytesMax
    }

    /// Notes that a connection holds more or less.
    ///
    /// - Returns: true when the sum is above the limit.
    mutating func change(by difference: Int) -> Bool {
        bytes += difference
        precondition(bytes >= 0, "a connection gives back what it held, once")
        return bytes > bytesMax
    }

    /// Whom to close: those that have been stuck for longest. An attack fills the memory with what never ends, and a
    /// good client's frame is whole, and its output read, moments after it began.
    ///
    /// An eighth of the limit is freed at a time, so that the choice is made once for many.
    func victims<ID>(among holders: [Holder<ID>]) -> [ID] {
        var left = holders.reduce(0) { $0 + $1.bytes }
        var victims: [ID] = []
        for holder in holders.sorted(by: { $0.since < $1.since }) {
            guard left > bytesMax / 8 * 7 else { break }
            left -= holder.bytes
            victims.append(holder.id)
        }
        return victims
    }
}
