// ServerService/GetServerInfo.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension ServerService {
    func getServerInfo(_ request: GetServerInfoRequest, context: CallContext) async throws -> ServerInfo {
        ServerInfo(
            version: Version.current, services: facts.services, model: facts.model, streamModel: facts.streamModel,
            store: facts.store, frameBytesMax: UInt32(facts.frameBytesMax),
            messageBytesMax: UInt32(facts.messageBytesMax), historyMessagesMax: UInt32(facts.historyMessagesMax),
            sessionIdleSeconds: UInt64(facts.sessionIdle?.components.seconds ?? 0),
            startedUnixMicroseconds: state.startedAtMicroseconds, nowUnixMicroseconds: clock.wallMicroseconds,
            draining: state.isDraining, authenticationRequired: false)
    }
}
