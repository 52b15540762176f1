// Health/Watch: the state now and whenever it changes: with the store's coming and going, and when draining begins. The
// stream ends with that, so that it does not hold the drain up.

internal import IOLoop
internal import ProtoMessages
internal import RPC

extension HealthService {
    func watch(
        _ request: HealthCheckRequest, events: ResponseStream<HealthCheckResponse>, context: CallContext
    ) async throws {
        guard let loop = IOLoop.current else { preconditionFailure("a call runs on a loop") }
        var last = status(of: request.service) ?? .serviceUnknown
        try await events.send(HealthCheckResponse(status: last))
        while !state.isDraining {
            var observation: ServerState.Observation?
            defer { if let observation { state.forget(observation) } }
            // The call's own deadline ends it, and says so.
            try await wait(on: loop) { waiter in
                observation = state.whenHealth(isNot: last != .notServing) { waiter.resume(returning: ()) }
            }
            let now = status(of: request.service) ?? .serviceUnknown
            if now != last { try await events.send(HealthCheckResponse(status: now)) }
            last = now
            // Of a service that is not here nothing changes before the end.
            if last == .serviceUnknown, !state.isDraining { try await waitForDraining(on: loop) }
        }
    }

    private func waitForDraining(on loop: IOLoop) async throws {
        var observation: ServerState.Observation?
        defer { if let observation { state.forget(observation) } }
        try await wait(on: loop) { waiter in
            observation = state.whenDraining { waiter.resume(returning: ()) }
        }
    }
}
