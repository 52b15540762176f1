// The Redis store and its locks keep the contracts that every store and lock manager keeps.

import EngineConformance
import Testing

@Suite("Redis lock manager", .timeLimit(.minutes(1)))
struct RedisLockManagerConformanceTests {
    @Test("keeps the contract", arguments: LockManagerConformance.cases)
    func keepsContract(promise: ConformanceCase<any LockHarness>) async throws {
        try await RedisHarness.with { try await promise.run(on: $0) }
    }
}

@Suite("Redis session store", .timeLimit(.minutes(1)))
struct RedisSessionStoreConformanceTests {
    @Test("keeps the contract", arguments: SessionStoreConformance.cases)
    func keepsContract(promise: ConformanceCase<any StoreHarness>) async throws {
        try await RedisHarness.with { try await promise.run(on: $0) }
    }

    @Test("keeps the contract for the owner whose conversations are shared", arguments: SessionStoreConformance.cases)
    func keepsContractForSharedOwner(promise: ConformanceCase<any StoreHarness>) async throws {
        try await RedisHarness.with(sharedOwner: "o") { try await promise.run(on: $0) }
    }
}
