// Calls that are due meet callers that are free.

import IOLoop
import Testing

@testable import chatbench

@Suite("Pacer")
struct PacerTests {
    private func schedule(rate: Double) -> ArrivalSchedule {
        ArrivalSchedule(rate: rate, pattern: .even, phase: 0, seed: 0)
    }

    private func onLoop(_ body: @Sendable (isolated LoopActor) async throws -> Void) async throws {
        try await LoopActor(try IOLoop(label: "pacer-tests")).run(body)
    }

    @Test("what became due while nobody was free is handed out at once, in order, from when it was due")
    func late() async throws {
        try await onLoop { actor in
            let beginning = ContinuousClock.now - .seconds(100)
            let pacer = Pacer(schedule(rate: 0.1), from: beginning, on: actor.loop)
            for index in 0...10 {
                let arrival = try #require(await pacer.next())
                #expect(arrival.due == beginning + .seconds(10 * index))
                #expect(arrival.waitedForCaller)
            }
            #expect(pacer.end() == 0)
        }
    }

    @Test("a free caller gets its call when it is due and not before")
    func waits() async throws {
        try await onLoop { actor in
            let beginning = ContinuousClock.now + .milliseconds(20)
            let pacer = Pacer(schedule(rate: 100), from: beginning, on: actor.loop)
            for index in 0..<3 {
                let arrival = try #require(await pacer.next())
                #expect(arrival.due == beginning + .milliseconds(10 * index))
                #expect(ContinuousClock.now >= arrival.due)
            }
        }
    }

    @Test("the end lets the waiting callers go, and tells what was due and did not begin")
    func ends() async throws {
        try await onLoop { actor in
            let pacer = Pacer(schedule(rate: 0.001), from: .now, on: actor.loop)
            #expect(await pacer.next() != nil)
            nonisolated(unsafe) let unsafe = pacer  // Blocks of this loop run on this loop.
            // Runs once this task waits.
            actor.loop.execute { #expect(unsafe.end() == 0) }
            #expect(await pacer.next() == nil)
            #expect(await pacer.next() == nil)

            let behind = Pacer(schedule(rate: 0.1), from: .now - .seconds(45), on: actor.loop)
            #expect(await behind.next() != nil)
            #expect(behind.end() == 4)
        }
    }
}
