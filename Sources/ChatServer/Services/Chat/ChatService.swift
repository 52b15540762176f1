// ChatService: turns of a conversation. One file per method; the engine does the work.

internal import ChatEngine
internal import ChatStubs

struct ChatService: ChatServiceMethods {
    /// A stream that has nothing to say tells so this often, so that callers and the boxes between them do not give up
    /// on a slow model.
    static let heartbeatInterval = Duration.seconds(10)

    let engine: ChatEngine
    let metrics: ServerMetrics
}
