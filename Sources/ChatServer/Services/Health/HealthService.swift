// grpc.health.v1.Health: whether the server serves. One file per method.

internal import ChatStubs
internal import ProtoMessages

struct HealthService: HealthServiceMethods {
    let state: ServerState
    let services: Set<String>

    /// The state of a service, all of which share the server's; nil for one that is not here.
    func status(of service: String) -> HealthCheckResponse.ServingStatus? {
        guard service.isEmpty || services.contains(service) else { return nil }
        return state.isServing ? .serving : .notServing
    }
}
