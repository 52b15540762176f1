// A streamed answer as a sequence of events that is whole or fails.

internal import ChatStubs
internal import RPC

/// The events of one answer. Made by ``ChatClient/streamChat(_:options:)``.
///
/// Each iteration is a call of its own with the same turn id: a second one is answered from the store.
public struct ChatEventStream: AsyncSequence, Sendable {
    /// What happened: text, reasoning, tools, signs of life, the end. Kinds that this version does not know are left
    /// out.
    public typealias Element = ChatEvent.Event
    /// Every error is a ``ChatClientError``.
    public typealias Failure = ChatClientError

    /// The turn's id, the request's own or the one that this library made. A failed stream may be repeated with it.
    public var turnID: String { request.turnID }

    let client: ChatClient
    let request: ChatRequest
    let options: CallOptions

    /// Begins the call with the first `next()`.
    public func makeAsyncIterator() -> Iterator { Iterator(client: client, request: request, options: options) }

    /// Reads the events; releasing it cancels the call unless that has ended.
    public struct Iterator: AsyncIteratorProtocol {
        private let client: ChatClient
        private let request: ChatRequest
        private let options: CallOptions
        private var reader: ResponseReader<ChatEvent>?
        private var check = ChatEventCheck()
        private var isOver = false

        init(client: ChatClient, request: ChatRequest, options: CallOptions) {
            self.client = client
            self.request = request
            self.options = options
        }

        /// The next event; nil after `finished`.
        ///
        /// - Throws: ``ChatClientError``: the call's, or `dataLoss` with reason `EVENTS_LOST` when a piece is missing.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(ChatClientError) -> ChatEvent.Event? {
            guard !isOver else { return nil }
            do throws(RPCError) {
                let reader = try await begun()
                while let event = try await reader.next() {
                    try check.received(event)
                    if let event = event.event { return event }
                }
                isOver = true
                try check.ended()
                return nil
            } catch {
                isOver = true
                reader?.cancel()
                reader = nil
                throw ChatClientError(error)
            }
        }

        private mutating func begun() async throws(RPCError) -> ResponseReader<ChatEvent> {
            if let reader { return reader }
            let reader = try await ChatServiceClient(channel: client.rpc).streamChat(request, options: options)
            self.reader = reader
            return reader
        }
    }
}
