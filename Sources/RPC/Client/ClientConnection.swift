// One connection to a server: requests out, frames in, and the timer for keep-alive and age. On its loop only; owned by
// the client while it takes calls or has some in flight.

internal import IOLoop
internal import ProtoMessages
internal import Wire

/// Whom a connection tells of its life. On the loop.
protocol ClientConnectionOwner: AnyObject, Sendable {
    /// The server's first bytes came: it lives.
    func connectionHeard(_ connection: ObjectIdentifier)
    /// The server takes no new calls on it.
    func connectionDrains(_ connection: ObjectIdentifier)
    /// It is old enough to be replaced.
    func connectionAged(_ connection: ObjectIdentifier)
    /// A call that held a place in the client's count ended.
    func streamEnded()
    /// It is closed. Told once, last.
    func connectionEnded(_ connection: ObjectIdentifier)
}

/// A connected stream and its calls.
final class ClientConnection: ByteStreamHandler {
    enum Call {
        case unary(PendingReply)
        case stream(InboundMessages)
    }

    let endpoint: Endpoint
    let address: SocketAddress
    /// Calls that wait for room in the socket's queue.
    let writeLine: WaitLine
    private(set) var wasHeard = false

    private let loop: IOLoop
    private let stream: ByteStream
    private let options: RPCClientOptions
    private weak var owner: (any ClientConnectionOwner)?
    private var decoder: FrameDecoder
    private var calls = ClientStreams<Call>()
    private var keepAlive: KeepAlive
    private var gate = ReadGate()
    private var isReadingPaused = false
    /// Streams whose reader waits for a message.
    private var waitingReaders = 0
    private var headOfLineTimer: LoopTimer?
    private var timer: LoopTimer?
    private var retireAt: ContinuousClock.Instant?
    /// Calls given up before the server's PONG told whether it understands CANCEL. Bounded.
    private var cancelsOwed: [StreamID] = []

    /// At most so many CANCEL frames wait for the first PONG; it comes within a round trip or never.
    private static let cancelsOwedMax = 64
    /// A PONG repeats its PING; a longer one is no PING of ours.
    private static let pingBytesMax = 64

    /// Takes a connected stream; `start` comes next.
    init(
        _ stream: ByteStream, endpoint: Endpoint, retireAt: ContinuousClock.Instant?, options: RPCClientOptions,
        owner: any ClientConnectionOwner
    ) {
        self.stream = stream
        self.endpoint = endpoint
        self.options = options
        self.owner = owner
        self.retireAt = retireAt
        address = stream.peer
        loop = stream.loop
        writeLine = WaitLine(on: stream.loop)
        decoder = FrameDecoder(payloadBytesMax: options.payloadBytesMax)
        keepAlive = KeepAlive(
            interval: options.pingInterval, timeout: options.pingTimeout, pingsWhenIdle: options.pingsWhenIdle,
            now: loop.now)
    }

    /// Begins to read, and asks with a first PING whether the server knows the extensions.
    func start() throws(SystemError) {
        try stream.start(self)
        write(.ping, .connection)
        schedule(keepAlive.step(at: loop.now, isIdle: true, isReadingPaused: false))
    }

    var isOpen: Bool { stream.isOpen }
    var isIdle: Bool { calls.isEmpty }
    var callCount: Int { calls.count }
    /// False once new calls must use another connection.
    var takesCalls: Bool { stream.isOpen && !calls.isClosedForCalls }
    /// True while the server is slow to read: new calls wait in `writeLine`.
    var isFull: Bool { stream.isFull }
    var hasExtensions: Bool { keepAlive.hasExtensions }

    // MARK: Calls

    /// Writes a request; the id is taken in the same turn. The call is then ended by `receive`, `abandon` or the
    /// connection's end.
    ///
    /// - Throws: `RPCError` when the request was not written.
    func begin(_ call: Call, _ outgoing: OutgoingCall) throws(RPCError) -> StreamID {
        let shape: ClientStreams<Call>.Shape = if case .unary = call { .unary } else { .serverStream }
        guard stream.isOpen, let id = calls.begin(shape, call) else {
            throw RPCError(.unavailable, "the connection takes no more calls", reason: ErrorReason.notConnected)
        }
        var refusedBytes: Int?
        stream.write {
            refusedBytes = outgoing.appendFrame(
                id: id, now: loop.now, payloadBytesMax: options.payloadBytesMax, to: &$0)
        }
        if let refusedBytes {
            _ = calls.remove(id)
            throw RPCError(
                .resourceExhausted, "the request has \(refusedBytes) bytes, the limit is \(options.payloadBytesMax)",
                reason: ErrorReason.frameTooLarge)
        }
        waitingChanged()
        return id
    }

    /// Forgets a call and tells the server to stop working on it, if it understands that.
    func abandon(_ id: StreamID) {
        guard let call = calls.remove(id) else { return }
        tellCancelled(id)
        removed(id, call)
    }

    /// Ends a stream with an error and tells the server to stop.
    func fail(_ id: StreamID, _ error: RPCError) {
        guard let call = calls.remove(id) else { return }
        tellCancelled(id)
        fail(call, error)
        removed(id, call)
    }

    private func tellCancelled(_ id: StreamID) {
        guard stream.isOpen else { return }
        if keepAlive.hasExtensions {
            write(.cancel, id)
        } else if cancelsOwed.count < Self.cancelsOwedMax {
            cancelsOwed.append(id)
        }
    }

    /// No new calls; closes when the last one ends.
    func retire() {
        calls.closeForCalls()
        retireAt = nil
        writeLine.serveAll()
        closeIfDone()
    }

    /// Ends the connection now; its calls fail with `error`.
    func close(_ error: RPCError) {
        guard stream.isOpen else { return }
        stream.close()
        end(error)
    }

    private func closeIfDone() {
        guard calls.isClosedForCalls, calls.isEmpty, stream.isOpen else { return }
        // The last CANCEL or PONG may still wait in the outbox.
        stream.finish()
    }

    private func removed(_ id: StreamID, _ call: Call) {
        if case .stream = call {
            if !gate.isQuiet { gate.set(.withinLimit, of: id) }
            owner?.streamEnded()
        }
        waitingChanged()
        closeIfDone()
    }

    private func fail(_ call: Call, _ error: RPCError, dropsBuffered: Bool = false) {
        switch call {
        case .unary(let reply): reply.finish(.failure(error))
        case .stream(let messages):
            messages.finish(FailedAttempt(error: error, progress: .written), dropsBuffered: dropsBuffered)
        }
    }

    // MARK: From the socket

    func received(_ bytes: Span<UInt8>) {
        keepAlive.heard()
        if !wasHeard {
            wasHeard = true
            owner?.connectionHeard(ObjectIdentifier(self))
        }
        do {
            try decoder.decode(bytes) { header, payload in
                receive(header, payload)
                return stream.isOpen
            } oversized: { header in
                receiveOversized(header)
                return stream.isOpen
            }
        } catch {
            close(
                RPCError(
                    .unavailable, "what listens on \(address) does not speak this protocol; check host and port",
                    reason: ErrorReason.connectionLost))
        }
    }

    func writable() { writeLine.serveAll() }

    func closed(_ reason: ByteStreamEnd) {
        let words =
            switch reason {
            case .peerClosed: "the server closed the connection"
            case .truncated: "the connection to the server was cut"
            case .writeTimedOut: "the server read nothing for \(options.byteStream.writeTimeout)"
            case .failed(let error): error.description
            case .filterFailed(let words): words
            }
        end(RPCError(.unavailable, "\(address): \(words)", reason: ErrorReason.connectionLost))
    }

    private func end(_ error: RPCError) {
        timer?.cancel()
        headOfLineTimer?.cancel()
        (timer, headOfLineTimer) = (nil, nil)
        for call in calls.removeAll() {
            fail(call, error)
            if case .stream = call { owner?.streamEnded() }
        }
        writeLine.serveAll()
        owner?.connectionEnded(ObjectIdentifier(self))
    }

    private func receive(_ header: FrameHeader, _ payload: Span<UInt8>) {
        switch calls.received(header) {
        case .response(let call): respond(header.streamID, call, payload)
        case .message(let call, let isLast): deliver(header.streamID, call, payload, isLast: isLast)
        case .end(let call):
            if case .stream(let messages) = call { messages.finish() }
            removed(header.streamID, call)
        case .violation(let id, let call, let words):
            tellCancelled(id)
            fail(call, RPCError(.internalError, "\(address): \(words)"))
            removed(id, call)
        case .ping:
            guard payload.count <= Self.pingBytesMax, !stream.isFull else { return }
            write(.pong, .connection, payload)
        case .pong:
            if keepAlive.ponged() { payOwedCancels() }
        case .drain:
            owner?.connectionDrains(ObjectIdentifier(self))
            retire()
        case .ignored: break
        }
    }

    private func respond(_ id: StreamID, _ call: Call, _ payload: Span<UInt8>) {
        do {
            try Envelope.withResponse(payload) { status, message in
                switch call {
                case .unary(let reply):
                    if let status {
                        reply.finish(.failure(RPCError(status)))
                    } else {
                        reply.finish(.success(message.withUnsafeBufferPointer { Array($0) }))
                    }
                case .stream(let messages):
                    if let status {
                        messages.finish(FailedAttempt(error: RPCError(status), progress: .written))
                    } else if message.isEmpty {
                        // Some servers end a stream so; nothing is lost.
                        messages.finish()
                    } else {
                        fail(call, RPCError(.internalError, "\(address): the server answered a stream with one reply"))
                    }
                }
            }
        } catch {
            fail(call, RPCError(.internalError, "\(address): the server's answer cannot be read: \(error.explanation)"))
        }
        removed(id, call)
    }

    private func deliver(_ id: StreamID, _ call: Call, _ payload: Span<UInt8>, isLast: Bool) {
        guard case .stream(let messages) = call else { return }
        let level = messages.add(payload.withUnsafeBufferPointer { Array($0) })
        if isLast {
            messages.finish()
            removed(id, call)
        } else if level != .withinLimit {
            gate.set(level, of: id)
            waitingChanged()
        }
    }

    private func receiveOversized(_ header: FrameHeader) {
        guard let call = calls.oversized(header) else { return }
        // A Response was the server's last word; a stream would go on.
        if header.type == .data { tellCancelled(header.streamID) }
        fail(
            call,
            RPCError(
                .resourceExhausted, "the reply has \(header.length) bytes, the limit is \(options.payloadBytesMax)",
                reason: ErrorReason.frameTooLarge))
        removed(header.streamID, call)
    }

    private func payOwedCancels() {
        for id in cancelsOwed { write(.cancel, id) }
        cancelsOwed = []
    }

    private func write(_ type: FrameType, _ id: StreamID, _ payload: Span<UInt8> = Span()) {
        stream.write { out in
            FrameHeader(length: payload.count, streamID: id, type: type).append(to: &out)
            payload.withUnsafeBufferPointer { out.append(contentsOf: $0) }
        }
    }

    // MARK: Back-pressure

    /// A stream's reader begins (1) or ceases (-1) to wait for a message.
    func readerWaits(_ change: Int) {
        waitingReaders += change
        waitingChanged()
    }

    /// A stream's buffer is well below its limit again.
    func relieved(_ id: StreamID) {
        gate.set(.withinLimit, of: id)
        waitingChanged()
    }

    @inline(__always)
    private func waitingChanged() {
        if gate.isQuiet, !isReadingPaused { return }
        applyGate()
    }

    private func applyGate() {
        guard stream.isOpen else { return }
        let waiting = calls.unaryCount + waitingReaders
        let mustPause = gate.isPaused(waiting: waiting)
        if mustPause != isReadingPaused {
            isReadingPaused = mustPause
            if mustPause {
                stream.pauseReading()
            } else {
                keepAlive.readingResumed(at: loop.now)
                stream.resumeReading()
            }
        }
        if !gate.holdsUpOthers(waiting: waiting) {
            headOfLineTimer?.cancel()
            headOfLineTimer = nil
        } else if headOfLineTimer == nil {
            nonisolated(unsafe) let connection = self  // Timers of this loop run on this loop.
            headOfLineTimer = loop.schedule(at: loop.now + options.headOfLineTimeout) { connection.failSlowReaders() }
        }
    }

    private func failSlowReaders() {
        headOfLineTimer = nil
        for id in gate.victims {
            fail(
                id,
                RPCError(
                    .resourceExhausted,
                    "its reader held up other calls for \(options.headOfLineTimeout); read faster or elsewhere",
                    reason: ErrorReason.slowReader))
        }
    }

    // MARK: Keep-alive and age

    private func tick() {
        timer = nil
        guard stream.isOpen else { return }
        let now = loop.now
        if let retireAt, now >= retireAt {
            // The owner retires this connection once it has another; until then, and should that fail, it goes on.
            self.retireAt = now + options.backOffMaximum
            owner?.connectionAged(ObjectIdentifier(self))
            guard stream.isOpen else { return }
        }
        schedule(keepAlive.step(at: now, isIdle: calls.isEmpty, isReadingPaused: isReadingPaused))
    }

    private func schedule(_ step: KeepAlive.Step) {
        var next: ContinuousClock.Instant
        switch step {
        case .wait(let until): next = until
        case .ping(let until):
            write(.ping, .connection)
            next = until
        case .dead:
            return close(
                RPCError(
                    .unavailable, "\(address): the server did not answer a ping within \(options.pingTimeout)",
                    reason: ErrorReason.connectionLost))
        }
        if let retireAt { next = min(next, retireAt) }
        nonisolated(unsafe) let connection = self  // Timers of this loop run on this loop.
        timer = loop.schedule(at: next) { connection.tick() }
    }
}
