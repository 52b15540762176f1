// Callers' locks on disk: each change rides in the same transactions, and under the same syncs, as the turns.

internal import ChatEngine

struct SQLiteLeaseJournal: LeaseJournal {
    let queue: StoreQueue

    func write(_ changes: [LeaseChange], done: @escaping @Sendable (EngineError?) -> Void) {
        queue.write("the change of the lock") { connection in
            try connection.write(changes)
        } answer: { result in
            switch result {
            case .success: done(nil)
            case .failure(let error): done(error as? EngineError ?? .outcomeUnknown("the change of the lock"))
            }
        }
    }
}
