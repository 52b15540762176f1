// Health/Watch: the state now and when it changes. It changes once, when draining begins, and the stream ends with
// that, so that it does not hold the drain up.

internal import IOLoop
internal import ProtoMessages
internal import RPC

extension HealthService {
    func watch(
        _ request: HealthCheckRequest, events: ResponseStream<HealthCheckResponse>, context: CallContext
    ) async throws {
        guard let loop = IOLoop.current else { preconditionFailure("a call runs on a loop") }
        let before = status(of: request.service) ?? .serviceUnknown
        try await events.send(HealthCheckResponse(status: before))
        var observation: ServerState.Observation?
        defer { if let observation { state.forget(observation) } }
        // The call's own deadline ends it, and says so.
        try await wait(on: loop) { waiter in
            observation = state.whenDraining { waiter.resume(returning: ()) }
        }
        let after = status(of: request.service) ?? .serviceUnknown
        if after != before { try await events.send(HealthCheckResponse(status: after)) }
    }
}
