// Generated from proto/grpc/health/v1/health.proto by proto/generate (proto/generator); never edited by hand.
// Server protocols and client stubs of its services.
// swift-format-ignore-file

package import ProtoMessages
package import RPC

/// The methods of `grpc.health.v1.Health`, for routing, logs and metrics.
package enum HealthServiceDescriptors {
    /// `grpc.health.v1.Health/Check`.
    package static let check = MethodDescriptor(
        service: "grpc.health.v1.Health", method: "Check", shape: .unary)
    /// `grpc.health.v1.Health/Watch`.
    package static let watch = MethodDescriptor(
        service: "grpc.health.v1.Health", method: "Watch", shape: .serverStream)
    /// All of them, in the order of the .proto file.
    package static let all: [MethodDescriptor] = [check, watch]
}

/// Whether the server can serve.
///
/// What a server implements for `grpc.health.v1.Health`. A call runs isolated to its own actor on its loop.
package protocol HealthServiceMethods: Sendable {
    /// The state now. Errors: NOT_FOUND (no such service).
    func check(_ request: HealthCheckRequest, context: CallContext) async throws -> HealthCheckResponse
    /// The state now and whenever it changes. An unknown service is SERVICE_UNKNOWN, not an error.
    func watch(_ request: HealthCheckRequest, events: ResponseStream<HealthCheckResponse>, context: CallContext) async throws
}

extension Router {
    /// Serves every method of `grpc.health.v1.Health`. Registering a service twice is a programmer error.
    package mutating func register(_ service: some HealthServiceMethods) {
        unary(HealthServiceDescriptors.check, HealthCheckRequest.self, HealthCheckResponse.self) {
            try await service.check($0, context: $1)
        }
        serverStream(HealthServiceDescriptors.watch, HealthCheckRequest.self, HealthCheckResponse.self) {
            try await service.watch($0, events: $1, context: $2)
        }
    }
}

/// Whether the server can serve.
///
/// Calls `grpc.health.v1.Health` through a channel. Any task may use it; cancelling the task cancels the call.
package struct HealthServiceClient: Sendable {
    package let channel: any CallChannel

    package init(channel: any CallChannel) { self.channel = channel }

    /// The state now. Errors: NOT_FOUND (no such service).
    package func check(
        _ request: HealthCheckRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> HealthCheckResponse {
        try unpackReply(
            try await channel.unary(HealthServiceDescriptors.check, request.packed(), options: options))
    }

    /// The state now and whenever it changes. An unknown service is SERVICE_UNKNOWN, not an error.
    package func watch(
        _ request: HealthCheckRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ResponseReader<HealthCheckResponse> {
        ResponseReader(
            try await channel.serverStream(HealthServiceDescriptors.watch, request.packed(), options: options))
    }
}

