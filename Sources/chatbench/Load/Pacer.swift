// Hands the calls that are due to callers that are free. One per loop, used on it only.

internal import IOLoop

/// A call that is due.
struct Arrival: Sendable {
    /// When it should begin, and its latency is counted from.
    let due: ContinuousClock.Instant
    /// No caller was free then.
    let waitedForCaller: Bool
}

/// The line of free callers on one side, the calls that are due on the other.
final class Pacer {
    private let loop: IOLoop
    private var schedule: ArrivalSchedule
    private let beginning: ContinuousClock.Instant
    /// Free callers, the one that waits longest first, from `firstIdle` on.
    private var idle: [Waiter<Arrival?>] = []
    private var firstIdle = 0
    private var timer: LoopTimer?
    private var isOver = false

    /// How many places of callers that left may lie at the line's head before it is moved up.
    private static let emptyPlacesMax = 1024

    init(_ schedule: ArrivalSchedule, from beginning: ContinuousClock.Instant, on loop: IOLoop) {
        self.schedule = schedule
        self.beginning = beginning
        self.loop = loop
    }

    /// The next call for a caller that is free; nil once it is over.
    func next(isolation: isolated (any Actor)? = #isolation) async -> Arrival? {
        guard !isOver else { return nil }
        if firstIdle == idle.count, nextDue <= .now {
            return Arrival(due: takeDue(), waitedForCaller: true)
        }
        // Only cancellation makes it fail, and then it is over for this caller.
        return try? await wait(on: loop) { (waiter: Waiter<Arrival?>) in
            idle.append(waiter)
            if timer == nil { arm() }
        }
    }

    /// Lets the callers go that wait.
    ///
    /// - Returns: calls that were due and did not begin.
    func end() -> Int {
        isOver = true
        timer?.cancel()
        timer = nil
        for waiter in idle[firstIdle...] { waiter.resume(returning: nil) }
        (idle, firstIdle) = ([], 0)
        var unbegun = 0
        let now = ContinuousClock.now
        while nextDue <= now {
            _ = schedule.take()
            unbegun += 1
        }
        return unbegun
    }

    private var nextDue: ContinuousClock.Instant { beginning + .nanoseconds(schedule.nextNanoseconds) }

    private func takeDue() -> ContinuousClock.Instant { beginning + .nanoseconds(schedule.take()) }

    private func arm() {
        nonisolated(unsafe) let pacer = self  // Timers of this loop run on this loop.
        timer = loop.schedule(at: nextDue) { pacer.handOut() }
    }

    private func handOut() {
        timer = nil
        let now = ContinuousClock.now
        while firstIdle < idle.count, nextDue <= now {
            idle[firstIdle].resume(returning: Arrival(due: takeDue(), waitedForCaller: false))
            firstIdle += 1
        }
        if firstIdle == idle.count {
            idle.removeAll(keepingCapacity: true)
            firstIdle = 0
            return
        }
        if firstIdle > Self.emptyPlacesMax, firstIdle > idle.count / 2 {
            idle.removeFirst(firstIdle)
            firstIdle = 0
        }
        arm()
    }
}
