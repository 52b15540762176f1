// The loop as executor, its inbox and its timers.

import Synchronization
import Testing

@testable import IOLoop

@Suite("IOLoop", .timeLimit(.minutes(1)))
struct LoopTests {
    let loop: IOLoop
    let onLoop: LoopActor

    init() throws {
        loop = try IOLoop(label: "test")
        onLoop = LoopActor(loop)
    }

    @Test("runs actor code on its own thread and knows it")
    func runsActorCode() async throws {
        #expect(IOLoop.current == nil)
        let isCurrent = try await onLoop.run { $0.loop.isCurrent }
        #expect(isCurrent)
    }

    @Test("runs blocks of one thread in the order they were sent")
    func keepsOrder() async throws {
        let seen = Mutex<[Int]>([])
        for index in 0..<1000 { loop.execute { seen.withLock { $0.append(index) } } }
        try await onLoop.run { _ in }
        #expect(seen.withLock { $0 } == Array(0..<1000))
    }

    @Test("fires timers in the order of their deadlines, also those set from other threads")
    func firesTimersInOrder() async throws {
        let fired = Mutex<[Int]>([])
        let now = ContinuousClock.now
        for delay in [30, 10, 20, 1] {
            _ = loop.schedule(at: now + .milliseconds(delay)) { fired.withLock { $0.append(delay) } }
        }
        try await onLoop.run { try await $0.loop.sleep(until: now + .milliseconds(40)) }
        #expect(fired.withLock { $0 } == [1, 10, 20, 30])
    }

    @Test("does not fire a cancelled timer")
    func cancelsTimers() async throws {
        let fired = Mutex(0)
        let now = ContinuousClock.now
        let timers = (0..<100).map { index in
            loop.schedule(at: now + .milliseconds(1000 + index % 7)) { fired.withLock { $0 += 1 } }
        }
        for (index, timer) in timers.enumerated() where index % 2 == 0 { timer.cancel() }
        try await onLoop.run { try await $0.loop.sleep(until: now + .milliseconds(1020)) }
        #expect(fired.withLock { $0 } == 50)
    }

    @Test("schedules from within a flush, when nothing else would wake the loop")
    func armsAfterFlush() async throws {
        final class Flush: LoopFlushable {
            let loop: IOLoop
            let waiter: Waiter<Void>
            init(_ loop: IOLoop, _ waiter: Waiter<Void>) { (self.loop, self.waiter) = (loop, waiter) }
            func flush() {
                let waiter = waiter
                _ = loop.schedule(at: loop.now + .milliseconds(2)) { waiter.resume(returning: ()) }
            }
        }
        try await onLoop.run { actor in
            try await wait(on: actor.loop, until: .now + .seconds(5)) { waiter in
                actor.loop.flushAtEndOfPass(Flush(actor.loop, waiter))
            }
        }
    }

    @Test("a wait does not leave the loop, before or after")
    func waitStaysOnLoop() async throws {
        let isCurrent = try await onLoop.run { try await beforeAndAfterWait(on: $0.loop) }
        #expect(isCurrent == [true, true])
    }

    @Test("takes deadlines from the beginning to the end of time")
    func extremeDeadlines() async throws {
        let fired = Mutex(0)
        let now = ContinuousClock.now
        for seconds in [Int64.min / 2, -1, Int64.max / 2, Int64.max - 1] {
            _ = loop.schedule(at: now.advanced(by: .seconds(seconds))) { fired.withLock { $0 += 1 } }
        }
        try await onLoop.run { try await $0.loop.sleep(until: .now + .milliseconds(5)) }
        #expect(fired.withLock { $0 } == 2)
    }

    @Test("ends a wait by its deadline")
    func waitEndsByDeadline() async throws {
        await #expect(throws: DeadlineExceeded.self) {
            try await onLoop.run { actor in
                let _: Int = try await wait(on: actor.loop, until: .now + .milliseconds(5)) { _ in }
            }
        }
    }

    @Test("ends a wait by cancellation, from another thread")
    func waitEndsByCancellation() async throws {
        let isWaiting = Mutex(false)
        let task = Task {
            try await onLoop.run { actor in
                let _: Int = try await wait(on: actor.loop) { _ in isWaiting.withLock { $0 = true } }
            }
        }
        while !isWaiting.withLock({ $0 }) { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("a wait takes the first resume and ignores the rest")
    func firstResumeCounts() async throws {
        let value: Int = try await onLoop.run { actor in
            try await wait(on: actor.loop) { waiter in
                waiter.resume(returning: 1)
                waiter.resume(returning: 2)
                waiter.resume(throwing: CancellationError())
            }
        }
        #expect(value == 1)
    }

    @Test("keeps the heap's order under seeded insertions and removals")
    func timerHeapOrder() {
        var random = SeededGenerator(seed: 7)
        var heap = TimerHeap()
        var live: [TimerEntry] = []
        for _ in 0..<2000 {
            if live.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
                let entry = TimerEntry(fireNanoseconds: Int64.random(in: 0..<500, using: &random)) {}
                heap.insert(entry)
                live.append(entry)
            } else {
                heap.remove(live.remove(at: Int.random(in: 0..<live.count, using: &random)))
            }
        }
        let expected = live.map(\.fireNanoseconds).sorted()
        var popped: [Int64] = []
        while let entry = heap.popDue(atNanoseconds: .max) { popped.append(entry.fireNanoseconds) }
        #expect(popped == expected)
        #expect(heap.isEmpty)
    }
}

/// Not isolated by itself, so it runs on its caller's actor.
private func beforeAndAfterWait(on loop: IOLoop) async throws -> [Bool] {
    let before = loop.isCurrent
    let _: Void = try await wait(on: loop) { $0.resume(returning: ()) }
    return [before, loop.isCurrent]
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
