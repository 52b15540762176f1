// One client's connection: frames in, calls begun, answers out. An actor on the connection's loop; a call's task is
// isolated to it, so nothing between a frame and its answer leaves the thread.

internal import DequeModule
internal import IOLoop
internal import Logging
internal import ProtoMessages
internal import Wire

/// What the connections of a server share. Immutable.
struct ServerSetup: Sendable {
    let router: Router
    let limits: ServerLimits
    let logger: Logger
    let observer: (any ServerObserver)?
    /// Turns what a method threw into the answer's error; the one place where that happens.
    let convertError: @Sendable (any Error) -> RPCError
}

actor ServerConnection: ByteStreamHandler, CallCanceller {
    nonisolated let loop: IOLoop
    private let stream: ByteStream
    private let setup: ServerSetup
    private let peer: String
    /// Whom this connection tells of itself.
    private let owner: Owner

    private var decoder: FrameDecoder
    private var turns = ReadTurns()
    private var calls: CallTable<ServerCall>
    /// Set by the client's first PING: it understands CANCEL, PING and DRAIN.
    private var knowsExtensions = false
    private var lastReceived: ContinuousClock.Instant
    private var lastCallReturned: ContinuousClock.Instant
    /// Reading was stopped because what the peer should read fills the queue.
    private var isReadingPaused = false
    private var hasEnded = false
    /// When the frame that is not whole yet began.
    private var frameBegan: ContinuousClock.Instant?
    private var pingSent: ContinuousClock.Instant?
    private var drainIdleSince: ContinuousClock.Instant?
    /// Calls that wait for room, in the order in which they began to wait.
    private var waitingForRoom = Deque<ServerCall>()
    /// What the owner was told that this connection holds for its peer.
    private var heldBytes = 0
    /// PINGs and frames that mean nothing since the last look over.
    private var emptyFrames = 0
    /// Woken at a time: more would only find the queue full again.
    private static let wakesPerProgress = 16

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Who keeps a connection. Called on the connection's loop.
    struct Owner: Sendable {
        /// It holds so many bytes more, or less, for a peer that is slow.
        let heldChanged: @Sendable (Int) -> Void
        /// Told once, when the connection is gone and its last call has returned.
        let ended: @Sendable (ServerConnection) -> Void
    }

    init(_ stream: sending ByteStream, setup: ServerSetup, owner: Owner) {
        loop = stream.loop
        peer = stream.peer.description
        lastReceived = stream.loop.now
        lastCallReturned = stream.loop.now
        self.stream = stream
        self.setup = setup
        self.owner = owner
        decoder = FrameDecoder(payloadBytesMax: setup.limits.payloadBytesMax)
        calls = CallTable(
            callsMax: setup.limits.callsPerConnectionMax, bytesMax: setup.limits.callBytesPerConnectionMax)
    }

    /// Begins to read.
    func start() {
        do {
            try stream.start(self)
        } catch {
            setup.logger.warning("connection not served", metadata: ["peer": "\(peer)", "error": "\(error)"])
            abort()
        }
    }

    // MARK: From the stream

    nonisolated func received(_ bytes: Span<UInt8>) {
        assumeIsolated { $0.receive(bytes) }
    }

    nonisolated func writable() {
        assumeIsolated { connection in
            if connection.stream.queuedBytes <= connection.setup.limits.streamOptions.lowWaterBytes {
                connection.isReadingPaused = false
                connection.stream.resumeReading()
            }
            connection.wakeStreams()
            connection.tellHeld()
        }
    }

    nonisolated func closed(_ reason: ByteStreamEnd) {
        assumeIsolated { connection in
            connection.setup.logger.debug(
                "connection closed", metadata: ["peer": "\(connection.peer)", "reason": "\(reason)"])
            connection.dropCalls()
        }
    }

    private func receive(_ bytes: Span<UInt8>) {
        lastReceived = loop.now
        pingSent = nil
        var frames = 0
        do {
            try decoder.decode(bytes) { header, payload in
                frameBegan = nil
                frames += 1
                handle(header, payload)
                return stream.isOpen
            } oversized: { header in
                frameBegan = nil
                frames += 1
                refuseOversized(header)
                return stream.isOpen
            }
        } catch {
            setup.logger.debug("not a frame", metadata: ["peer": "\(peer)", "error": "\(error)"])
            return abort()
        }
        if decoder.isInsideFrame {
            frameBegan = frameBegan ?? loop.now
            stream.acknowledgeNow()
        } else {
            frameBegan = nil
        }
        if turns.read(frames: frames, bytes: bytes.count, in: loop.now) { stream.endTurn() }
        stream.readBytesMax = turns.readBytes
        // What has no room to be answered is not read: replies, refusals and PONGs are bounded by this alone.
        if stream.isFull {
            isReadingPaused = true
            stream.pauseReading()
        }
        if heldBytes > 0 || decoder.isInsideFrame || isReadingPaused { tellHeld() }
    }

    private func handle(_ header: FrameHeader, _ payload: Span<UInt8>) {
        switch header.type {
        case .request: request(header.streamID, payload)
        case .data:
            let isEmptyEnd = header.length == 0 && header.flags.contains(.remoteClosed)
            guard let error = calls.data(header.streamID, isEmptyEnd: isEmptyEnd) else { return }
            if calls.isUnanswered(header.streamID) {
                answer(header.streamID, error)
            } else {
                write(error, on: header.streamID)
            }
        case .cancel:
            guard calls.isUnanswered(header.streamID) else { return noteEmptyFrame() }
            answer(header.streamID, RPCError(.cancelled, "the caller cancelled the call"))
        case .ping:
            // A client that says so only now has missed the DRAIN frame.
            if !knowsExtensions, calls.isDraining { stream.writeFrame(.drain, .connection) }
            knowsExtensions = true
            if payload.count <= Self.pingBytesMax { stream.writeFrame(.pong, .connection, payload) }
            noteEmptyFrame()
        default: noteEmptyFrame()  // PONG was noted by its arrival; the rest is for versions to come.
        }
    }

    /// They cost their sender as little as anything could, and their neighbours time.
    private func noteEmptyFrame() {
        emptyFrames += 1
        guard emptyFrames > setup.limits.emptyFramesPerSweepMax, stream.isOpen else { return }
        setup.logger.debug("too many frames that ask for nothing", metadata: ["peer": "\(peer)"])
        abort()
    }

    /// A PONG repeats its PING; more than this is no PING of ours and would double its sender's traffic.
    private static let pingBytesMax = 64

    private func refuseOversized(_ header: FrameHeader) {
        guard header.type == .request || header.type == .data && !calls.isLate(header.streamID) else { return }
        let limit = setup.limits.payloadBytesMax
        let error = RPCError(
            .resourceExhausted, "the frame has \(header.length) bytes, the limit is \(limit)",
            reason: "FRAME_TOO_LARGE", info: ["frame_bytes_max": String(limit)])
        if calls.isUnanswered(header.streamID) {
            answer(header.streamID, error)
        } else {
            write(error, on: header.streamID)
        }
    }

    // MARK: Calls

    private func request(_ id: StreamID, _ payload: Span<UInt8>) {
        switch calls.request(id, bytes: payload.count) {
        case .begin: break
        case .refuse(let error): return refuse(error, on: id)
        case .endRunning(let error): return answer(id, error)
        }
        var refusal: (any Error)?
        do {
            try Envelope.withRequest(payload) { head, path, message in
                do {
                    try begin(id, head, path, message)
                } catch {
                    refusal = error
                }
            }
        } catch {
            refusal = error
        }
        if let refusal { refuse(convert(refusal), on: id) }
    }

    private func refuse(_ error: RPCError, on id: StreamID) {
        write(error, on: id)
        setup.observer?.callRefused(error, peer: peer)
    }

    private func begin(_ id: StreamID, _ head: RequestHead, _ path: Span<UInt8>, _ message: Span<UInt8>) throws {
        guard let handler = setup.router.handler(path: path) else {
            throw RPCError(.unimplemented, "this server has no such method; its proto files have the names")
        }
        guard head.timeoutNanoseconds >= 0 else {
            throw RPCError(.deadlineExceeded, "the call's deadline had passed before it was sent")
        }
        let receivedAt = loop.now
        let deadline = head.timeoutNanoseconds == 0 ? nil : receivedAt + .nanoseconds(head.timeoutNanoseconds)
        let context = CallContext(
            method: handler.descriptor, methodIndex: handler.index, identity: .anonymous, peer: peer,
            metadata: Metadata(head.metadata),
            receivedAt: receivedAt, deadline: deadline, logger: setup.logger, canceller: self)
        let call = ServerCall(id: id, context: context, requestBytes: message.count)
        // The task prefers its connection's loop: it is enqueued there, stays there, and every continuation resumes it
        // there. All that it does is isolated to this actor, and so is every use of the reference.
        nonisolated(unsafe) let isolated = call
        switch handler.kind {
        case .unary(let prepare):
            let body = try prepare(message)
            admit(call)
            call.began(Task(executorPreference: loop) { await self.run(isolated, body) })
        case .serverStream(let prepare):
            let body = try prepare(message)
            admit(call)
            call.began(Task(executorPreference: loop) { await self.run(isolated, body) })
        }
    }

    /// Before its task begins, which may end the call there and then.
    private func admit(_ call: ServerCall) {
        calls.begin(call.id, call, bytes: call.requestBytes)
        setup.observer?.callBegan(call.context)
        if let deadline = call.context.deadline { watch(call, deadline) }
    }

    nonisolated func cancelTask(of context: CallContext) {
        guard loop.isCurrent else { return loop.execute { self.cancelTask(of: context) } }
        assumeIsolated { connection in
            for call in connection.calls.unanswered.values where call.context === context { call.cancelTask() }
        }
    }

    private func watch(_ call: ServerCall, _ deadline: ContinuousClock.Instant) {
        let id = call.id
        call.deadlineTimer = loop.schedule(at: deadline) { [weak self] in
            self?.assumeIsolated { connection in
                connection.answer(id, RPCError(.deadlineExceeded, "the call's deadline passed on the server"))
            }
        }
    }

    private func run(_ call: ServerCall, _ body: MethodHandler.UnaryBody) async {
        do {
            // What has no room to be answered is not begun: one read can hold a thousand small requests for large
            // replies.
            while stream.isFull, isLive(call) { try await waitForRoom(call) }
            // Answered or cut off after it was woken and before it ran: nobody waits for what it would do.
            guard isLive(call) else { throw CancellationError() }
            let reply = try await body(call.context)
            answer(call, reply: reply)
        } catch {
            answer(call.id, convert(error), of: call)
        }
        taskReturned(call)
    }

    private func run(_ call: ServerCall, _ body: MethodHandler.StreamBody) async {
        do {
            try await body(
                call.context, CallSink(connection: self, stream: stream, call: call, limits: setup.limits))
            if take(call) {
                stream.writeFrame(.data, call.id, flags: .streamEnd)
                observe(call, nil)
            }
        } catch {
            answer(call.id, convert(error), of: call)
        }
        taskReturned(call)
    }

    private func taskReturned(_ call: ServerCall) {
        calls.taskReturned(bytes: call.requestBytes)
        lastCallReturned = loop.now
        if calls.isDraining { closeIfDrained() }
        endIfOver()
    }

    /// Takes the right to answer `call`, if it is the one that has the id now and no answer was given.
    private func take(_ call: ServerCall) -> Bool {
        guard calls.answer(call.id, if: { $0 === call }) else { return false }
        call.noteAnswer()
        return true
    }

    private func answer(_ call: ServerCall, reply: [UInt8]) {
        guard take(call) else { return }
        var refusedBytes: Int?
        stream.write { out in
            Envelope.appendResponse(payload: reply.span, to: &out) { bytes, out in
                guard bytes <= setup.limits.payloadBytesMax else {
                    refusedBytes = bytes
                    return false
                }
                FrameHeader(length: bytes, streamID: call.id, type: .response).append(to: &out)
                return true
            }
        }
        let error = refusedBytes.map { replyTooLarge($0) }
        if let error { write(error, on: call.id) }
        if stream.isFull { tellHeld() }
        observe(call, error)
    }

    /// Answers with an error and cancels what still runs. Nothing happens when the call has its answer.
    private func answer(_ id: StreamID, _ error: RPCError, of expected: ServerCall? = nil) {
        guard let call = calls.unanswered[id], expected == nil || expected === call, take(call) else { return }
        write(error, on: id)
        call.cancel()
        observe(call, error)
    }

    private func replyTooLarge(_ size: Int) -> RPCError {
        let limit = setup.limits.payloadBytesMax
        return RPCError(
            .resourceExhausted, "the reply has \(size) bytes, the limit is \(limit); ask for less at a time",
            reason: "FRAME_TOO_LARGE", info: ["frame_bytes_max": String(limit)])
    }

    private func convert(_ error: any Error) -> RPCError { setup.convertError(error) }

    private func observe(_ call: ServerCall, _ error: RPCError?) {
        guard let observer = setup.observer else { return }
        observer.callFinished(
            CallRecord(
                context: call.context, code: error?.code ?? .ok, reason: error?.reason ?? "",
                duration: loop.now - call.context.receivedAt))
    }

    // MARK: Streams

    /// Queues one message of a stream; waits while the stream's or the connection's queue is full.
    func send(_ message: [UInt8], on call: ServerCall) async throws {
        guard message.count <= setup.limits.payloadBytesMax else { throw replyTooLarge(message.count) }
        while !call.offer(message, to: stream, setup.limits) {
            guard isLive(call) else { throw CancellationError() }
            try await waitForRoom(call)
        }
    }

    private func isLive(_ call: ServerCall) -> Bool { !call.isAnswered && stream.isOpen }

    private func waitForRoom(_ call: ServerCall) async throws {
        defer { call.roomWaiter = nil }
        // The write timeout ends the connection, and with it this wait; the deadline ends the call.
        try await wait(on: loop) { waiter in
            call.roomWaiter = waiter
            waitingForRoom.append(call)
            tellHeld()
            // Asked for here: room that came before would be told to nobody.
            stream.callWhenWritable()
        }
    }

    /// Wakes calls that have room again, the one that waits longest first; a stream at half a queue of it, so that its
    /// method is not woken for every packet.
    private func wakeStreams() {
        var looks = waitingForRoom.count
        var wakes = Self.wakesPerProgress
        while looks > 0, wakes > 0, !stream.isFull, let call = waitingForRoom.popFirst() {
            looks -= 1
            guard let waiter = call.roomWaiter else { continue }  // Answered meanwhile.
            call.socketTook(upTo: stream.takenBytes)
            guard call.queuedBytes <= setup.limits.streamQueueBytes / 2 else {
                waitingForRoom.append(call)
                continue
            }
            call.roomWaiter = nil
            wakes -= 1
            waiter.resume(returning: ())
        }
        if !waitingForRoom.isEmpty { stream.callWhenWritable() }
    }

    // MARK: Writing

    private func write(_ error: RPCError, on id: StreamID) {
        stream.write { out in
            Envelope.appendResponse(status: error.status, to: &out) { bytes, out in
                FrameHeader(length: bytes, streamID: id, type: .response).append(to: &out)
                return true
            }
        }
    }

    // MARK: Looking over, draining, ending

    /// Applies the time limits. The server calls it every `ServerLimits.sweepInterval`.
    func sweep() {
        guard stream.isOpen else { return }
        emptyFrames = 0
        // What is queued over such a time waits for its reader, also where it is less than a full queue.
        tellHeld(isQueuedOutputHeld: stream.queuedBytes > 0)
        let now = loop.now
        // What the peer sends is not read while it does not read, and a PING waits behind the rest of the queue:
        // neither frame nor PONG can be late then, and the write timeout watches it.
        if isReadingPaused { frameBegan = frameBegan.map { _ in now } }
        if stream.queuedBytes > 0 { pingSent = pingSent.map { _ in now } }
        if let frameBegan, now - frameBegan > setup.limits.frameTimeout {
            setup.logger.debug("a frame took too long", metadata: ["peer": "\(peer)"])
            return abort()
        }
        if let pingSent {
            if now - pingSent > setup.limits.pingTimeout { return abort() }
        } else if setup.limits.pingInterval > .zero, knowsExtensions, now - lastReceived > setup.limits.pingInterval {
            pingSent = now
            stream.writeFrame(.ping, .connection)
        }
        let lastActive = max(lastReceived, lastCallReturned)
        if setup.limits.idleTimeout > .zero, calls.isIdle, now - lastActive > setup.limits.idleTimeout {
            // As a drain, so that a request that crosses it is answered NOT_PROCESSED.
            return drain()
        }
        if calls.isDraining { closeIfDrained() }
    }

    /// Begins no more calls, tells a client that understands it, and closes when the running ones have ended.
    func drain() {
        guard !calls.isDraining, stream.isOpen else { return }
        calls.drain()
        if knowsExtensions { stream.writeFrame(.drain, .connection) }
        closeIfDrained()
    }

    private func closeIfDrained() {
        guard calls.isIdle, stream.isOpen else { return }
        guard knowsExtensions else { return stream.finish() }
        let since = drainIdleSince ?? loop.now
        drainIdleSince = since
        if loop.now - since >= setup.limits.drainLinger { stream.finish() }
    }

    /// Ends the connection and all its calls now.
    func abort() {
        stream.close()
        dropCalls()
    }

    private func dropCalls() {
        waitingForRoom = []
        if heldBytes > 0 { owner.heldChanged(-heldBytes) }
        heldBytes = 0
        for call in calls.takeAll() {
            let error = RPCError(.cancelled, "the connection to the caller was lost", reason: "CONNECTION_LOST")
            call.cancel()
            observe(call, error)
        }
        endIfOver()
    }

    /// A lost connection counts until its calls have returned: a drain waits for them, and a client cannot pile up
    /// calls that ignore their cancellation by connecting anew.
    private func endIfOver() {
        guard !stream.isOpen, calls.isIdle, !hasEnded else { return }
        hasEnded = true
        setup.observer?.connectionClosed(receivedBytes: stream.receivedBytes, sentBytes: stream.takenBytes)
        owner.ended(self)
    }

    // MARK: What it holds

    /// Tells the owner what is held for the peer. A frame that came whole is not, nor is output that leaves with this
    /// pass: only what waits for more bytes, or for a reader.
    private func tellHeld(isQueuedOutputHeld: Bool = false) {
        guard stream.isOpen else { return }
        let waits = isQueuedOutputHeld || isReadingPaused || stream.isFull || !waitingForRoom.isEmpty
        let bytes = decoder.heldBytes + (waits ? stream.heldBytes : 0)
        guard bytes != heldBytes else { return }
        let difference = bytes - heldBytes
        heldBytes = bytes
        owner.heldChanged(difference)
    }

    /// What it holds now and since when it has made no progress; nil where it holds nothing.
    var held: (bytes: Int, since: ContinuousClock.Instant)? {
        guard stream.isOpen, heldBytes > 0 else { return nil }
        return (heldBytes, [frameBegan, stream.stalledSince].compactMap { $0 }.min() ?? loop.now)
    }

    /// Since when nothing came; nil where a call is in flight or output waits.
    var silentSince: ContinuousClock.Instant? {
        stream.isOpen && calls.isIdle && stream.queuedBytes == 0 ? max(lastReceived, lastCallReturned) : nil
    }
}

/// The sink of one stream.
private final class CallSink: ResponseSink {
    private let connection: ServerConnection
    // Stream and call are the connection's and used on its loop only, which `offer` checks.
    nonisolated(unsafe) private let stream: ByteStream
    nonisolated(unsafe) private let call: ServerCall
    private let limits: ServerLimits

    init(connection: ServerConnection, stream: ByteStream, call: ServerCall, limits: ServerLimits) {
        self.connection = connection
        self.stream = stream
        self.call = call
        self.limits = limits
    }

    func send(_ message: [UInt8]) async throws {
        try await connection.send(message, on: call)
    }

    // Not by way of the actor: to assume its isolation takes 750 instructions and two allocations.
    func offer(_ message: [UInt8]) -> Bool { call.offer(message, to: stream, limits) }
}
