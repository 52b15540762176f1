// What the services know of the process: whether it drains, whether its store can be used, and since when
// it runs. Shared by all loops.

internal import IOLoop
internal import Synchronization

/// Serving, or not while the store is away; then draining, and never back.
package final class ServerState: Sendable {
    /// An entry in the list of those to be told; dropping it changes nothing.
    struct Observation: Sendable {
        fileprivate let id: Int
    }
    private struct State {
        var isDraining = false
        var isStoreAway = false
        var observers: [Int: @Sendable () -> Void] = [:]
        /// Of those who are told of the next change of health, whichever it is.
        var healthObservers: [Int: @Sendable () -> Void] = [:]
        var nextID = 0

        var isServing: Bool { !isDraining && !isStoreAway }
    }
    private let state = Mutex(State())
    let startedAtMicroseconds: Int64

    package init(startedAtMicroseconds: Int64) { self.startedAtMicroseconds = startedAtMicroseconds }

    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// True while calls have a chance: a balancer sends them elsewhere otherwise.
    var isServing: Bool { state.withLock { $0.isServing } }

    /// Runs `told` once when draining begins, on whichever thread begins it; at once when it has begun. Observers are
    /// as many as calls that observe, so the limit of calls bounds them.
    func whenDraining(_ told: @escaping @Sendable () -> Void) -> Observation {
        let (observation, isDraining) = state.withLock { state in
            state.nextID += 1
            if !state.isDraining { state.observers[state.nextID] = told }
            return (Observation(id: state.nextID), state.isDraining)
        }
        if isDraining { told() }
        return observation
    }

    /// Runs `told` once when serving is not `isServing` any more, or draining begins; at once where that is so.
    func whenHealth(isNot isServing: Bool, _ told: @escaping @Sendable () -> Void) -> Observation {
        let (observation, isDue) = state.withLock { state in
            state.nextID += 1
            let isDue = state.isDraining || state.isServing != isServing
            if !isDue { state.healthObservers[state.nextID] = told }
            return (Observation(id: state.nextID), isDue)
        }
        if isDue { told() }
        return observation
    }

    func forget(_ observation: Observation) {
        state.withLock { state in
            state.observers[observation.id] = nil
            state.healthObservers[observation.id] = nil
        }
    }

    /// Tells everyone who waits for it. Idempotent.
    package func beginDraining() {
        let observers = state.withLock { state in
            state.isDraining = true
            defer { (state.observers, state.healthObservers) = ([:], [:]) }
            return Array(state.observers.values) + Array(state.healthObservers.values)
        }
        for told in observers { told() }
    }

    /// The store went away, or came back. Idempotent.
    func storeChanged(isAway: Bool) {
        let observers = state.withLock { state -> [@Sendable () -> Void] in
            guard state.isStoreAway != isAway else { return [] }
            state.isStoreAway = isAway
            defer { state.healthObservers = [:] }
            return Array(state.healthObservers.values)
        }
        for told in observers { told() }
    }
}
