// What the services know of the process: whether it drains, and since when it runs. Shared by all loops.

internal import IOLoop
internal import Synchronization

/// Serving, then draining; never back.
package final class ServerState: Sendable {
    /// An entry in the list of those to be told; dropping it changes nothing.
    struct Observation: Sendable {
        fileprivate let id: Int
    }
    private struct State {
        var isDraining = false
        var observers: [Int: @Sendable () -> Void] = [:]
        var nextID = 0
    }
    private let state = Mutex(State())
    let startedAtMicroseconds: Int64

    package init(startedAtMicroseconds: Int64) { self.startedAtMicroseconds = startedAtMicroseconds }

    package var isDraining: Bool { state.withLock { $0.isDraining } }

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

    func forget(_ observation: Observation) {
        state.withLock { _ = $0.observers.removeValue(forKey: observation.id) }
    }

    /// Tells everyone who waits for it. Idempotent.
    package func beginDraining() {
        let observers = state.withLock { state in
            state.isDraining = true
            defer { state.observers = [:] }
            return Array(state.observers.values)
        }
        for told in observers { told() }
    }
}
