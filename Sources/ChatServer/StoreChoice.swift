// The store that the operator named, opened: its two ports, and how it ends.

internal import ChatEngine
internal import Logging
internal import SQLiteStore

struct StoreChoice: Sendable {
    let sessions: any SessionStore
    let locks: any LockManager
    /// Nil for the one in memory.
    private let sqlite: SQLiteStore?

    /// Opens it. Blocks while a file is read: called before the first loop serves.
    ///
    /// - Throws: `ChatServerApp.StartError` with one line for the operator.
    static func open(_ address: StoreAddress, clock: LoopClock, logger: Logger) throws -> StoreChoice {
        switch address {
        case .memory:
            let locks = InMemoryLockManager(clock: clock)
            return StoreChoice(
                sessions: InMemorySessionStore(locks: locks, clock: clock), locks: locks, sqlite: nil)
        case .sqlite(let path):
            do {
                let store = try SQLiteStore.open(path, clock: clock) { health in
                    switch health {
                    case .failing(let words): logger.error("the store cannot store", metadata: ["because": "\(words)"])
                    case .sound: logger.notice("the store works again")
                    }
                }
                return StoreChoice(sessions: store.sessions, locks: store.locks, sqlite: store)
            } catch let error as StoreOpenError {
                throw ChatServerApp.StartError(description: error.description)
            }
        case .redis:
            throw ChatServerApp.StartError(
                description: "the store \(address.shown) is not built into this version; use sqlite:PATH or memory:")
        }
    }

    /// Writes a copy of the whole store to a new file; see `SQLiteStore.copy`. False where there is no file to copy.
    func copy(to path: String, isWanted: @escaping @Sendable () -> Bool) async throws -> Bool {
        guard let sqlite else { return false }
        try await sqlite.copy(to: path, isWanted: isWanted)
        return true
    }

    /// Lets go of the file, after the last call. Blocks its thread for a moment: not called on a loop.
    func close() async { await sqlite?.close() }
}
