// A lock that the server keeps for the caller, as a sequence of events.

internal import ChatStubs
internal import RPC
internal import Wire

/// What becomes of a lock that is held by a stream. Made by
/// ``ChatClient/holdLock(_:ttl:wait:ownerLabel:token:options:)``.
public struct LockEventStream: AsyncSequence, Sendable {
    /// `granted` first, then `renewed`, and `lost` last.
    public typealias Element = HoldLockEvent.Event
    /// Every error is a ``ChatClientError``.
    public typealias Failure = ChatClientError

    let client: ChatClient
    let request: HoldLockRequest
    let options: CallOptions
    let grantTimeout: Duration

    /// Begins the call with the first `next()`.
    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    /// Reads the events; releasing it releases the lock.
    public struct Iterator: AsyncIteratorProtocol {
        private let stream: LockEventStream
        private var reader: ResponseReader<HoldLockEvent>?
        /// By then something must be heard.
        private var silentUntil: ContinuousClock.Instant?
        private var isOver = false

        init(stream: LockEventStream) { self.stream = stream }

        /// The next event; nil after `lost`.
        ///
        /// - Throws: ``ChatClientError``: reason `NOT_ACQUIRED` when someone else holds the lock, reason `LOST` when
        /// nothing
        ///   was heard for as long as the lease lives, or the call's own.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(ChatClientError) -> HoldLockEvent.Event? {
            guard !isOver else { return nil }
            do throws(RPCError) {
                let reader = try await begun()
                while let event = try await next(of: reader) {
                    guard let event = event.event else { continue }
                    note(event)
                    return event
                }
                isOver = true
                return nil
            } catch {
                isOver = true
                reader?.cancel()
                reader = nil
                throw ChatClientError(error)
            }
        }

        private mutating func begun() async throws(RPCError) -> ResponseReader<HoldLockEvent> {
            if let reader { return reader }
            silentUntil = .now + stream.grantTimeout
            let reader = try await LockServiceClient(channel: stream.client.rpc).hold(
                stream.request, options: stream.options)
            self.reader = reader
            return reader
        }

        private mutating func note(_ event: HoldLockEvent.Event) {
            switch event {
            case .granted(let granted): heard(granted.expiresInMilliseconds)
            case .renewed(let renewed): heard(renewed.expiresInMilliseconds)
            case .lost: isOver = true
            }
        }

        private mutating func heard(_ expiresInMilliseconds: UInt64) {
            silentUntil = .now + .milliseconds(Int64(clamping: expiresInMilliseconds))
        }

        /// The next event, or LOST when it does not come in time.
        private func next(of reader: ResponseReader<HoldLockEvent>) async throws(RPCError) -> HoldLockEvent? {
            guard let silentUntil else { return try await reader.next() }
            let loop = stream.client.rpc
            let result = await withTaskGroup(of: Result<HoldLockEvent?, RPCError>?.self) { group in
                group.addTask {
                    do throws(RPCError) { return .success(try await reader.next()) } catch { return .failure(error) }
                }
                group.addTask {
                    do {
                        try await loop.sleep(until: silentUntil)
                    } catch {
                        return nil
                    }
                    return .failure(
                        RPCError(
                            .failedPrecondition, "nothing was heard for as long as the lease lives; take it for lost",
                            reason: ChatClientError.Reason.lost))
                }
                var first: Result<HoldLockEvent?, RPCError>?
                for await result in group where first == nil {
                    first = result
                    if result != nil { group.cancelAll() }
                }
                return first
            }
            guard let result else { preconditionFailure("one of the two always has a result") }
            return try result.get()
        }
    }
}
