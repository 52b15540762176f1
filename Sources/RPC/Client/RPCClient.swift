// The client side of RPC: calls from any task, onto the client's loop, over one connection at a time to the first
// server that answers.
//
// How a unary call goes: `unary` takes a place among the calls in flight, gets a connection
// (RPCClient+Connecting.swift), writes the request and waits in `exchange` until ClientConnection finds its Response;
// RetryPolicy judges failures.

package import IOLoop
internal import Wire

/// Carries calls to a server, given by one or several addresses.
///
/// An actor on its loop: callers elsewhere hop onto it, callers on the same loop do not leave their thread. Connects
/// when there is something to call. Ends with `close()`, or when it is released.
package actor RPCClient: CallChannel {
    package nonisolated let loop: IOLoop
    let options: RPCClientOptions
    private let retries: RetryPolicy

    var plan: ConnectPlan
    var random: any RandomNumberGenerator & Sendable
    /// Where new calls go; nil until the first one and after a loss.
    var active: ClientConnection?
    /// Connections that only wait for their last calls.
    var retired: [ClientConnection] = []
    var connecting: Task<Void, Never>?
    /// Calls that wait for a connection.
    let connectLine: WaitLine
    private var callsInFlight = 0
    /// Calls that wait for their place among those in flight.
    private let callLine: WaitLine
    private(set) var isClosed = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - endpoints: tried in this order; names with several addresses count as all of them.
    ///   - loop: the loop to live on; many clients may share one.
    package init(endpoints: [Endpoint], options: RPCClientOptions = RPCClientOptions(), on loop: IOLoop) {
        options.validate()
        self.loop = loop
        self.options = options
        random = options.random
        let backOff = BackOff(minimum: options.backOffMinimum, maximum: options.backOffMaximum)
        plan = ConnectPlan(endpoints: endpoints, backOff: backOff)
        retries = RetryPolicy(
            attemptsMax: options.attemptsMax, retryAfterMax: options.retryAfterMax, backOff: backOff)
        connectLine = WaitLine(on: loop)
        callLine = WaitLine(on: loop)
    }

    isolated deinit { closeConnections() }

    // MARK: Unary calls

    /// Sends a packed request, returns the packed reply.
    ///
    /// - Throws: `RPCError`: the server's, or DEADLINE_EXCEEDED, CANCELLED, UNAVAILABLE (with a reason of
    /// `ErrorReason`),
    ///   RESOURCE_EXHAUSTED or INTERNAL from the client itself.
    package nonisolated func unary(
        _ method: MethodDescriptor, _ request: [UInt8], options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        try await unary(OutgoingCall(method, request, options))
    }

    private func unary(_ call: OutgoingCall) async throws(RPCError) -> [UInt8] {
        if !takePlaceNow() { try await takePlace(for: call) }
        defer { leavePlace() }
        var attempts = 0
        while true {
            var progress = FailedAttempt.Progress.notConnected
            var failure: RPCError
            do throws(RPCError) {
                let connection =
                    if let ready = readyConnection(for: call) { ready } else { try await connection(for: call) }
                progress = .notWritten
                guard let reply = try await exchange(call, on: connection, &progress) else { continue }
                return reply
            } catch {
                failure = error
            }
            attempts += 1
            try await pause(after: FailedAttempt(error: failure, progress: progress), of: call, attempts: attempts)
        }
    }

    /// Writes the request and waits for the outcome.
    ///
    /// - Returns: nil when the connection ceased to take calls since it was chosen: every `await` may let other tasks
    /// in,
    ///   also one of a method of the same actor.
    private func exchange(
        _ call: OutgoingCall, on connection: ClientConnection, _ progress: inout FailedAttempt.Progress
    ) async throws(RPCError) -> [UInt8]? {
        guard connection.takesCalls, !connection.isFull else { return nil }
        let reply = PendingReply()
        let id = try connection.begin(.unary(reply), call)
        progress = .written
        let timer = call.deadline.map { loop.schedule(at: $0) { reply.finish(.failure(DeadlineExceeded())) } }
        defer { timer?.cancel() }
        await withTaskCancellationHandler {
            // Named, so that the closure has this actor's isolation and does not leave the loop.
            _ = self
            await withUnsafeContinuation { reply.attach($0) }
        } onCancel: {
            loop.execute { reply.finish(.failure(CancellationError())) }
        }
        switch reply.outcome {
        case .success(let bytes): return bytes
        case .failure(let error):
            // Nothing to do where the call has ended; a cancelled or late one is told to the server.
            connection.abandon(id)
            throw CallStage.answer(connection.address).error(error, timeout: call.timeout)
        case nil: preconditionFailure("a call's wait ends with its outcome")
        }
    }

    // MARK: Streams

    /// Starts a server stream; returns when the request is written. Its outcome, failures included, comes with
    /// `next()`.
    ///
    /// - Throws: as `unary`.
    package nonisolated func serverStream(
        _ method: MethodDescriptor, _ request: [UInt8], options: CallOptions
    ) async throws(RPCError) -> any InboundStream {
        let stream = ClientStream(client: self, call: OutgoingCall(method, request, options))
        try await start(stream)
        return stream
    }

    /// Makes attempts until the request of one is written.
    private func start(_ stream: ClientStream) async throws(RPCError) {
        while true {
            var progress = FailedAttempt.Progress.notConnected
            var failure: RPCError
            do throws(RPCError) {
                if !takePlaceNow() { try await takePlace(for: stream.call) }
                do throws(RPCError) {
                    while true {
                        let connection = try await connection(for: stream.call)
                        progress = .notWritten
                        // As in `unary`.
                        guard connection.takesCalls, !connection.isFull else { continue }
                        return try begin(stream, on: connection)
                    }
                } catch {
                    leavePlace()
                    throw error
                }
            } catch {
                failure = error
            }
            stream.attempts += 1
            try await pause(
                after: FailedAttempt(error: failure, progress: progress), of: stream.call, attempts: stream.attempts)
        }
    }

    private func begin(_ stream: ClientStream, on connection: ClientConnection) throws(RPCError) {
        let messages = InboundMessages(bytesMax: options.streamBufferBytesMax)
        let id = try connection.begin(.stream(messages), stream.call)
        var timer: LoopTimer?
        if let deadline = stream.call.deadline {
            let error = CallStage.answer(connection.address).error(DeadlineExceeded(), timeout: stream.call.timeout)
            nonisolated(unsafe) let connection = connection  // Timers of this loop run on this loop.
            timer = loop.schedule(at: deadline) { connection.fail(id, error) }
        }
        stream.begun(StreamAttempt(id: id, messages: messages, connection: connection, deadlineTimer: timer))
    }

    /// The slow part of a stream's `next()`: waits for a message, or tries again when the first attempt came to
    /// nothing.
    func nextMessage(of stream: ClientStream) async throws(RPCError) -> [UInt8]? {
        while true {
            guard let attempt = stream.attempt else { preconditionFailure("a stream is read after it was started") }
            switch attempt.messages.take() {
            case .message(let message, let isRelief):
                if isRelief { attempt.connection.relieved(attempt.id) }
                return message
            case .end:
                return nil
            case .failed(let failure):
                guard !attempt.messages.hasDelivered, !stream.isCancelled else { throw failure.error }
                stream.attempts += 1
                try await pause(after: failure, of: stream.call, attempts: stream.attempts)
                try await start(stream)
            case .nothing:
                try await waitForMessage(attempt)
            }
        }
    }

    private func waitForMessage(_ attempt: StreamAttempt) async throws(RPCError) {
        attempt.connection.readerWaits(1)
        defer { attempt.connection.readerWaits(-1) }
        do {
            try await wait(on: loop) { (waiter: Waiter<Void>) in attempt.messages.notify(waiter) }
        } catch {
            let error = CallStage.answer(attempt.connection.address).error(error, timeout: nil)
            attempt.messages.forgetReader()
            attempt.messages.finish(FailedAttempt(error: error, progress: .written), dropsBuffered: true)
            attempt.connection.abandon(attempt.id)
            throw error
        }
    }

    // MARK: Places among the calls in flight

    /// Takes a place when one is free and the call may begin.
    @inline(__always)
    private func takePlaceNow() -> Bool {
        guard callsInFlight < options.callsInFlightMax, !isClosed, !Task.isCancelled else { return false }
        callsInFlight += 1
        return true
    }

    private func takePlace(for call: OutgoingCall) async throws(RPCError) {
        if isClosed { throw Self.closedError }
        if Task.isCancelled { throw CallStage.queue.error(CancellationError(), timeout: nil) }
        if !takePlaceNow() { try await waitForPlace(call) }
    }

    private func waitForPlace(_ call: OutgoingCall) async throws(RPCError) {
        guard callLine.count < options.callsQueuedMax else {
            throw RPCError(
                .resourceExhausted,
                "\(callLine.count) calls of this client wait already; make fewer at a time, or use more clients",
                reason: ErrorReason.tooManyCalls)
        }
        do {
            try await callLine.join(until: call.deadline) { leavePlace() }
        } catch {
            throw CallStage.queue.error(error, timeout: call.timeout)
        }
    }

    /// Hands the place to the next in line.
    private func leavePlace() {
        if !callLine.serveFirst() { callsInFlight -= 1 }
    }

    /// Returns after the pause that comes before the next attempt.
    ///
    /// - Throws: the failure, when there is no next attempt.
    private func pause(
        after failure: FailedAttempt, of call: OutgoingCall, attempts: Int
    ) async throws(RPCError) {
        let pause = retries.pause(
            after: failure, attempts: attempts, isSafeToRetry: call.isSafeToRetry,
            remaining: call.deadline.map { $0 - loop.now }, random: &random)
        guard let pause else { throw failure.error }
        guard pause > .zero else { return }
        do {
            try await loop.sleep(until: loop.now + pause)
        } catch {
            throw CallStage.queue.error(error, timeout: nil)
        }
    }

    // MARK: State

    /// Calls that are in flight now, those waiting for a connection or a retry included.
    package var callCount: Int { callsInFlight }

    /// Calls that wait for a place among them.
    package var queuedCallCount: Int { callLine.count }

    /// Calls that wait until the server reads.
    var unwrittenCallCount: Int { active?.writeLine.count ?? 0 }

    /// Connections that are open now, those that only wait for their last calls included.
    package var connectionCount: Int { (active == nil ? 0 : 1) + retired.count }

    /// Waits on the client's loop, for what is built on the client.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(until deadline: ContinuousClock.Instant) async throws { try await loop.sleep(until: deadline) }

    // MARK: Ending

    static let closedError = RPCError(.cancelled, "the client is closed", reason: ErrorReason.clientClosed)

    /// Ends all connections; calls in flight and later ones fail with CANCELLED and reason CLIENT_CLOSED. Idempotent.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        connecting?.cancel()
        callLine.failAll(Self.closedError)
        connectLine.failAll(Self.closedError)
        closeConnections()
    }

    private func closeConnections() {
        let connections = retired + (active.map { [$0] } ?? [])
        active = nil
        retired = []
        for connection in connections { connection.close(Self.closedError) }
    }
}

extension RPCClient: ClientConnectionOwner {
    nonisolated func streamEnded() { assumeIsolated { $0.leavePlace() } }
}
