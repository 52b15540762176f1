// When calls are due at a fixed rate.

import Testing

@testable import chatbench

@Suite("ArrivalSchedule")
struct ArrivalScheduleTests {
    private func arrivals(_ schedule: ArrivalSchedule, count: Int) -> [UInt64] {
        var schedule = schedule
        return (0..<count).map { _ in schedule.take() }
    }

    @Test("even arrivals are one interval apart, and a million of them do not drift")
    func even() {
        let schedule = ArrivalSchedule(rate: 3, pattern: .even, phase: 0, seed: 0)
        #expect(arrivals(schedule, count: 4) == [0, 333_333_333, 666_666_666, 1_000_000_000])
        let fast = ArrivalSchedule(rate: 7, pattern: .even, phase: 0.5, seed: 0)
        // With a type of its own: the compiler takes the bare sum for an AnyHashable, and reads beyond its end.
        let last: UInt64 = 1_000_000 * 1_000_000_000 + 1_000_000_000 / 14
        #expect(arrivals(fast, count: 7_000_001).last == last)
    }

    @Test("the next arrival is the one that is taken")
    func next() {
        for pattern in ArrivalPattern.allCases {
            var schedule = ArrivalSchedule(rate: 1000, pattern: pattern, phase: 0, seed: 7)
            for _ in 0..<100 {
                let next = schedule.nextNanoseconds
                #expect(schedule.take() == next)
                #expect(schedule.nextNanoseconds >= next)
            }
        }
    }

    @Test("poisson arrivals have the asked mean, exponential gaps, and are the same for one seed only")
    func poisson() {
        func schedule(_ seed: UInt64) -> ArrivalSchedule {
            ArrivalSchedule(rate: 1000, pattern: .poisson, phase: 0, seed: seed)
        }
        let times = arrivals(schedule(1), count: 100_000)
        #expect(times == arrivals(schedule(1), count: 100_000))
        #expect(times.last != arrivals(schedule(2), count: 100_000).last)
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        let mean = Double(times.last!) / 100_000
        #expect(abs(mean - 1_000_000) < 20_000)
        // 1/e of all gaps are longer than the mean.
        let longer = Double(gaps.count { $0 > 1_000_000 }) / Double(gaps.count)
        #expect(abs(longer - 0.3679) < 0.01)
    }
}
