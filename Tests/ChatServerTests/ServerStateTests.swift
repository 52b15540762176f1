// What the services know of the process: health that follows the store, and draining that never ends.

import Synchronization
import Testing

@testable import ChatServer

@Suite("Server state")
struct ServerStateTests {
    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }

        func add() { count.withLock { $0 += 1 } }
    }

    @Test("health follows the store, and who waits for a change hears of the next one, once")
    func store() {
        let state = ServerState(startedAtMicroseconds: 1)
        #expect(state.isServing)
        let (gone, back, forgotten) = (Counter(), Counter(), Counter())
        _ = state.whenHealth(isNot: true) { gone.add() }
        state.forget(state.whenHealth(isNot: true) { forgotten.add() })
        state.storeChanged(isAway: false)
        #expect(gone.value == 0, "nothing changed")
        state.storeChanged(isAway: true)
        state.storeChanged(isAway: true)
        #expect(!state.isServing && gone.value == 1 && forgotten.value == 0)
        _ = state.whenHealth(isNot: true) { gone.add() }
        #expect(gone.value == 2, "that is so already")
        _ = state.whenHealth(isNot: false) { back.add() }
        state.storeChanged(isAway: false)
        #expect(state.isServing && back.value == 1)
    }

    @Test("draining is heard of by all, and no store brings the service back")
    func draining() {
        let state = ServerState(startedAtMicroseconds: 1)
        let told = Counter()
        _ = state.whenHealth(isNot: true) { told.add() }
        _ = state.whenDraining { told.add() }
        state.beginDraining()
        #expect(told.value == 2 && !state.isServing && state.isDraining)
        state.storeChanged(isAway: true)
        state.storeChanged(isAway: false)
        #expect(!state.isServing)
        _ = state.whenHealth(isNot: false) { told.add() }
        #expect(told.value == 3, "who asks later hears at once")
    }
}
