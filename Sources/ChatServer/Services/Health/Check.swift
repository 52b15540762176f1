// Health/Check.

internal import ProtoMessages
internal import RPC
internal import Wire

extension HealthService {
    func check(_ request: HealthCheckRequest, context: CallContext) async throws -> HealthCheckResponse {
        guard let status = status(of: request.service) else {
            throw RPCError(.notFound, "this server has no such service; GetServerInfo lists them")
        }
        return HealthCheckResponse(status: status)
    }
}
