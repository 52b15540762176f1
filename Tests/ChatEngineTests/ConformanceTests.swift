// The in-memory store and lock manager keep the contracts that every store and lock manager keeps.

import ChatEngine
import EngineConformance
import Testing

@Suite("In-memory lock manager")
struct InMemoryLockManagerConformanceTests {
    @Test("keeps the contract", arguments: LockManagerConformance.cases)
    func keepsContract(promise: ConformanceCase<any LockHarness>) async throws {
        try await promise.run(on: InMemoryHarness())
    }
}

@Suite("In-memory session store")
struct InMemorySessionStoreConformanceTests {
    @Test("keeps the contract", arguments: SessionStoreConformance.cases)
    func keepsContract(promise: ConformanceCase<any StoreHarness>) async throws {
        try await promise.run(on: InMemoryHarness())
    }
}
