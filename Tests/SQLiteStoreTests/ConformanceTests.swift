// The SQLite store and its locks keep the contracts that every store and lock manager keeps.

import EngineConformance
import Testing

@Suite("SQLite lock manager", .timeLimit(.minutes(1)))
struct SQLiteLockManagerConformanceTests {
    @Test("keeps the contract", arguments: LockManagerConformance.cases)
    func keepsContract(promise: ConformanceCase<any LockHarness>) async throws {
        try await SQLiteHarness.with { try await promise.run(on: $0) }
    }
}

@Suite("SQLite session store", .timeLimit(.minutes(1)))
struct SQLiteSessionStoreConformanceTests {
    @Test("keeps the contract", arguments: SessionStoreConformance.cases)
    func keepsContract(promise: ConformanceCase<any StoreHarness>) async throws {
        try await SQLiteHarness.with { try await promise.run(on: $0) }
    }
}
