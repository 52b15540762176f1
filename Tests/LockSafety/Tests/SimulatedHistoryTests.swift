// The search on thousands of random histories of a correct lock, and of the same lock with one fault.

import LockHistories
import Testing

@Suite("The search on simulated locks")
struct SimulatedHistoryTests {
    @Test("a correct lock's histories are right", arguments: UInt64(1)...60)
    func right(seed: UInt64) throws {
        let lock = SimulatedLock(seed: seed, operations: 150)
        #expect(try LeaseSearch.check(lock.history) == .legal)
        #expect(FenceCheck.findings(lock.history) == [])
    }

    @Test("one fault makes them wrong", arguments: SimulatedLock.Fault.allCases)
    func wrong(fault: SimulatedLock.Fault) throws {
        var planted = 0
        for seed in UInt64(1)...60 {
            let lock = SimulatedLock(seed: seed, operations: 150, fault: fault)
            guard lock.isPlanted else { continue }
            planted += 1
            #expect(try LeaseSearch.check(lock.history) != .legal, "seed \(seed)")
        }
        #expect(planted >= 20, "only \(planted) histories had room for the fault")
    }

    @Test("long histories are quick")
    func long() throws {
        let lock = SimulatedLock(seed: 7, callers: 8, operations: 3000)
        let begin = ContinuousClock.now
        #expect(try LeaseSearch.check(lock.history, configurationsMax: 100_000) == .legal)
        #expect(ContinuousClock.now - begin < .seconds(20))
    }
}
