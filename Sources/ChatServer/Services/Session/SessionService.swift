// SessionService: conversations. One file per method.

internal import ChatEngine
internal import ChatStubs
internal import ProtoMessages
internal import RPC
internal import Wire

struct SessionService: SessionServiceMethods {
    let engine: ChatEngine

    /// Labels of a request.
    static func labels(_ labels: [Label]) throws -> [String: String] {
        var result: [String: String] = [:]
        for label in labels where result.updateValue(label.value, forKey: label.key) != nil {
            throw RPCError(.invalidArgument, "a label's key appears twice; each key has one value", reason: "LABELS")
        }
        return result
    }
}

extension SessionMessage {
    init(_ session: EngineSession) {
        self.init(
            id: session.id, title: session.title,
            labels: session.labels.sorted { $0.key < $1.key }.map { Label(key: $0.key, value: $0.value) },
            messageCount: UInt64(clamping: session.messageCount),
            createdUnixMicroseconds: session.createdAtMicroseconds,
            updatedUnixMicroseconds: session.lastActivityMicroseconds,
            expiresUnixMicroseconds: session.expiresAtMicroseconds ?? 0, owner: session.owner,
            userID: session.userID)
    }
}
