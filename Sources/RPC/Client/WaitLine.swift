// Tasks that wait in line for something of the client: room for a call, a connection, room in a socket's queue. On the
// loop only.

internal import DequeModule
internal import IOLoop

/// A first-come, first-served line. A task that gives up leaves it, and a turn that it was given meanwhile is not lost.
final class WaitLine {
    private final class Place {
        var waiter: Waiter<Void>?
        var isServed = false
    }

    private let loop: IOLoop
    private var places = Deque<Place>()

    init(on loop: IOLoop) { self.loop = loop }

    var count: Int { places.count }

    /// Waits in line for the turn.
    ///
    /// - Parameter forfeit: called when the turn came and the task was cancelled before it could take it.
    /// - Throws: what the line was failed with, `CancellationError`, `DeadlineExceeded`.
    func join(
        until deadline: ContinuousClock.Instant?, isolation: isolated (any Actor)? = #isolation,
        forfeit: () -> Void = {}
    ) async throws {
        let place = Place()
        do {
            try await wait(on: loop, until: deadline) { (waiter: Waiter<Void>) in
                place.waiter = waiter
                places.append(place)
            }
        } catch {
            if place.isServed {
                forfeit()
            } else if let index = places.firstIndex(where: { $0 === place }) {
                // Deadlines pass roughly in the order of arrival, so the place is near the front.
                places.remove(at: index)
            }
            throw error
        }
    }

    /// Gives the first in line its turn; false when the line is empty.
    func serveFirst() -> Bool {
        guard let place = places.popFirst() else { return false }
        place.isServed = true
        place.waiter?.resume(returning: ())
        return true
    }

    /// Gives all their turn.
    func serveAll() {
        while serveFirst() {}
    }

    /// Ends all waits with an error.
    func failAll(_ error: RPCError) {
        while let place = places.popFirst() { place.waiter?.resume(throwing: error) }
    }
}
