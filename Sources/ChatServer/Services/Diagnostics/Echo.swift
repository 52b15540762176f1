// DiagnosticsService/Echo: the road itself, without model or store. Registered only when diagnostics are on.

internal import ChatStubs
internal import ProtoMessages
internal import RPC

struct DiagnosticsService: DiagnosticsServiceMethods {
    func echo(_ request: EchoRequest, context: CallContext) async throws -> EchoReply {
        EchoReply(payload: request.payload)
    }
}
