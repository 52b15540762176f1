// The store that the operator named, opened: its two ports, and how it ends.

internal import ChatEngine
internal import Logging
internal import SQLiteStore

struct StoreChoice: Sendable {
    let sessions: any SessionStore
    let locks: any LockManager
    /// Nil for the one in memory.
    private let file: StoreFile?

    private struct StoreFile {
        var store: SQLiteStore
        var path: String
    }

    /// Opens it. Blocks while a file is read: called before the first loop serves.
    ///
    /// - Throws: `ChatServerApp.StartError` with one line for the operator.
    static func open(_ address: StoreAddress, clock: LoopClock, logger: Logger) throws -> StoreChoice {
        switch address {
        case .memory:
            let locks = InMemoryLockManager(clock: clock)
            return StoreChoice(
                sessions: InMemorySessionStore(locks: locks, clock: clock), locks: locks, file: nil)
        case .sqlite(let path):
            do {
                let store = try SQLiteStore.open(path, clock: clock) { health in
                    switch health {
                    case .failing(let words): logger.error("the store cannot store", metadata: ["because": "\(words)"])
                    case .sound: logger.notice("the store works again")
                    }
                }
                // The file is ours now, so no other process copies it.
                StoreCopy.removeLeftover(beside: path)
                return StoreChoice(
                    sessions: store.sessions, locks: store.locks, file: StoreFile(store: store, path: path))
            } catch let error as StoreOpenError {
                throw ChatServerApp.StartError(description: error.description)
            }
        case .redis:
            throw ChatServerApp.StartError(
                description: "the store \(address.shown) is not built into this version; use sqlite:PATH or memory:")
        }
    }

    /// A copy of the whole store; nil where there is no file to copy. Ends with its task's cancellation. One at a time.
    ///
    /// - Throws: `EngineError`, `CancellationError`.
    func copy(logger: Logger) async throws -> StoreCopy? {
        guard let file else { return nil }
        StoreCopy.removeLeftover(beside: file.path)
        do {
            try await file.store.copy(to: StoreCopy.path(beside: file.path))
        } catch let error as StoreOpenError {
            // Its words name the path, which is no caller's affair.
            logger.error("the store was not copied", metadata: ["because": "\(error.description)"])
            throw StoreCopy.failure("made")
        }
        return try StoreCopy(takingOver: file.path)
    }

    /// Lets go of the file, after the last call. Blocks its thread for a moment: not called on a loop.
    func close() async { await file?.store.close() }
}
