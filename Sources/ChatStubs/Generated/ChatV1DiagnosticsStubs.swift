// Generated from proto/chat/v1/diagnostics.proto by proto/generate (proto/generator); never edited by hand.
// Server protocols and client stubs of its services.
// swift-format-ignore-file

package import ProtoMessages
package import RPC

/// The methods of `chat.v1.DiagnosticsService`, for routing, logs and metrics.
package enum DiagnosticsServiceDescriptors {
    /// `chat.v1.DiagnosticsService/Echo`.
    package static let echo = MethodDescriptor(
        service: "chat.v1.DiagnosticsService", method: "Echo", shape: .unary)
    /// All of them, in the order of the .proto file.
    package static let all: [MethodDescriptor] = [echo]
}

/// Answers that involve neither model nor store.
///
/// What a server implements for `chat.v1.DiagnosticsService`. A call runs isolated to its own actor on its loop.
package protocol DiagnosticsServiceMethods: Sendable {
    /// Gives the payload back. Errors: UNIMPLEMENTED (diagnostics are off).
    func echo(_ request: EchoRequest, context: CallContext) async throws -> EchoReply
}

extension Router {
    /// Serves every method of `chat.v1.DiagnosticsService`. Registering a service twice is a programmer error.
    package mutating func register(_ service: some DiagnosticsServiceMethods) {
        unary(DiagnosticsServiceDescriptors.echo, EchoRequest.self, EchoReply.self) {
            try await service.echo($0, context: $1)
        }
    }
}

/// Answers that involve neither model nor store.
///
/// Calls `chat.v1.DiagnosticsService` through a channel. Any task may use it; cancelling the task cancels the call.
package struct DiagnosticsServiceClient: Sendable {
    package let channel: any CallChannel

    package init(channel: any CallChannel) { self.channel = channel }

    /// Gives the payload back. Errors: UNIMPLEMENTED (diagnostics are off).
    package func echo(
        _ request: EchoRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> EchoReply {
        try unpackReply(
            try await channel.unary(DiagnosticsServiceDescriptors.echo, request.packed(), options: options))
    }
}

