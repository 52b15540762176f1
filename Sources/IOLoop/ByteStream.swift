// One non-blocking byte stream for every socket: RPC server and client, HTTP test server, later Redis; TCP, Unix, and
// TLS through a filter (ByteStream+Filter.swift).
//
// Reads go into the loop's scratch buffer and are handed on as a span; an idle stream owns no buffer. Writes collect in
// an outbox during a pass of the loop and leave in one system call at its end.

internal import CLinux
internal import Glibc

/// Who a stream tells. On the stream's loop.
package protocol ByteStreamHandler: AnyObject {
    /// Bytes arrived. They live until the call returns.
    func received(_ bytes: Span<UInt8>)
    /// The outbox fell to the low-water mark after it had been above the high one, or `callWhenWritable()` is answered.
    func writable()
    /// The stream ended, for any reason but the owner's own `close()`. Called once, last.
    func closed(_ reason: ByteStreamEnd)
}

/// Why a stream ended.
package enum ByteStreamEnd: Error, Sendable, Equatable {
    /// The peer closed its side; there is no half-open state.
    case peerClosed
    /// The connection ended without the peer's sealed word that it is the end. What came is the peer's, but whoever
    /// sits between may have cut the rest off: it matters where the end of the bytes says that the data is whole.
    case truncated
    /// The peer read nothing for the write timeout.
    case writeTimedOut
    case failed(SystemError)
    /// The filter (TLS) could not go on; the words are for the operator.
    case filterFailed(String)
}

/// A stream's limits.
package struct ByteStreamOptions: Sendable {
    /// `writable()` is due once the outbox fell to this, in bytes.
    package var lowWaterBytes = 128 * 1024
    /// Above this the outbox counts as full, in bytes.
    package var highWaterBytes = 256 * 1024
    /// How long a peer may read nothing while bytes wait for it.
    package var writeTimeout = Duration.seconds(30)
    /// Bytes that the kernel keeps beyond what is on its way; they wait in the outbox instead, which counts them.
    /// Without it a peer that never reads costs the kernel up to 4 MiB.
    package var unsentBytesMax = 128 * 1024

    package init() {}
}

/// A connected socket. On its loop only; its owner ends it with `close()`.
package final class ByteStream: LoopEventHandler, LoopFlushable {
    package let loop: IOLoop
    package let peer: SocketAddress
    private let options: ByteStreamOptions
    /// What stands between the outbox and the socket; nil where the socket gets the bytes as they are.
    let filter: FilterLine?
    private(set) var descriptor: Int32
    private(set) var registration: LoopRegistration?
    private(set) var handler: (any ByteStreamHandler)?

    /// Plain bytes that the socket has not taken, from `outboxHead` on; with a filter, also those that it has sealed.
    private(set) var outbox: [UInt8] = []
    var outboxHead = 0
    private var isFlushAsked = false
    /// The socket refused bytes; it says when it has room again.
    var isBlocked = false
    private var wasFull = false
    /// Set by `callWhenWritable`: the next bytes that the socket takes are told.
    private var isProgressAsked = false
    var lastWriteProgress: ContinuousClock.Instant
    private var stallTimer: LoopTimer?

    private(set) var isReadingPaused = false
    private var isUnread = false
    /// Set by `endTurn`: the rest is for the next pass.
    private var isTurnOver = false
    /// At most so many bytes a read, from 1 to `LoopLimits.scratchBytes`: less for a peer whose bytes cost much.
    package var readBytesMax = LoopLimits.scratchBytes {
        didSet { precondition((1...LoopLimits.scratchBytes).contains(readBytesMax), "a read has room for a byte") }
    }
    /// Set by `finish()`: nothing is written any more, what arrives is dropped.
    private(set) var isFinishing = false
    private var finishTimer: LoopTimer?

    /// How long a finished stream waits for the peer to close before it is cut.
    static let finishTimeout = Duration.seconds(2)

    /// Takes ownership of a connected, non-blocking socket. Silent until `start`.
    package init(
        _ descriptor: consuming OwnedDescriptor, peer: SocketAddress, on loop: IOLoop,
        options: ByteStreamOptions = ByteStreamOptions(), filter: (any ByteStreamFilter)? = nil
    ) {
        loop.preconditionOnLoop()
        precondition(options.lowWaterBytes < options.highWaterBytes, "the low-water mark lies below the high one")
        self.loop = loop
        self.peer = peer
        self.options = options
        self.filter = filter.map(FilterLine.init)
        self.descriptor = descriptor.release()
        lastWriteProgress = loop.now
        if peer.family != AF_UNIX { setTCPOptions() }
    }

    deinit { precondition(descriptor < 0, "a stream was released without close()") }

    package var isOpen: Bool { descriptor >= 0 }

    /// Bytes that wait for the peer.
    package var queuedBytes: Int { outbox.count - outboxHead }

    /// Memory that the bytes which wait for the peer take.
    package var heldBytes: Int { outbox.capacity + (filter?.heldBytes ?? 0) }

    /// Since when the peer has taken nothing, while bytes wait for it.
    package var stalledSince: ContinuousClock.Instant? { queuedBytes > 0 ? lastWriteProgress : nil }

    /// Bytes that came since the beginning, sealed ones where there is a filter.
    package private(set) var receivedBytes = 0

    /// Bytes of those written that the socket has taken since the beginning.
    package internal(set) var takenBytes = 0

    package var isFull: Bool { queuedBytes >= options.highWaterBytes }

    /// Begins to read; a filter begins its handshake. The handler is held until the stream ends.
    package func start(_ handler: any ByteStreamHandler) throws(SystemError) {
        loop.preconditionOnLoop()
        precondition(registration == nil && isOpen, "a stream is started once")
        self.handler = handler
        registration = try loop.register(
            descriptor, for: [.readable, .writable, .peerClosed, .edgeTriggered], handler: self)
        if let filter { begin(filter) }
    }

    // MARK: Reading

    /// Stops reading, which in time closes the TCP window to the peer, and holds up a filter's handshake, too.
    package func pauseReading() { isReadingPaused = true }

    package func resumeReading() {
        guard isReadingPaused, let registration else { return }
        isReadingPaused = false
        // As if the peer had ended: its end may have come meanwhile, and there is one edge for it.
        if isUnread { loop.markReady(registration, [.readable, .peerClosed]) }
    }

    /// Reads no more in this pass, since neighbours wait.
    package func endTurn() { isTurnOver = true }

    /// Sends the TCP acknowledgement now. For peers that write a frame in small pieces without TCP_NODELAY and would
    /// wait 40 ms for it.
    package func acknowledgeNow() {
        guard isOpen, peer.family != AF_UNIX else { return }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    package func ready(_ events: LoopEvents) {
        if events.contains(.writable), isBlocked { flush() }
        if !events.isDisjoint(with: [.readable, .peerClosed, .hangup, .error]) {
            read(untilEnd: !events.isDisjoint(with: [.peerClosed, .hangup, .error]))
        }
    }

    func read(untilEnd: Bool) {
        var budget = LoopLimits.readBytesPerPass
        isTurnOver = false
        while isOpen {
            if isReadingPaused {
                isUnread = true
                return
            }
            guard budget > 0, !isTurnOver else {
                if let registration { loop.markReady(registration, untilEnd ? [.readable, .peerClosed] : .readable) }
                return
            }
            do {
                let scratch = loop.scratch
                let (descriptor, most) = (descriptor, readBytesMax)
                guard
                    case .done(let count) = try SystemCalls.nonBlocking(
                        "recv", { recv(descriptor, scratch.baseAddress, most, 0) })
                else { break }
                guard count > 0 else {
                    // Answers of this pass: a peer that closed its half alone still reads them.
                    if queuedBytes > 0 { flush() }
                    return end(.peerClosed)
                }
                budget -= count
                receivedBytes += count
                try deliver(UnsafeRawBufferPointer(rebasing: scratch[0..<count]))
                // A short read emptied the socket, so the next byte makes a new edge; a peer's end may hide behind it,
                // though.
                if count < most, !untilEnd { break }
            } catch let error as SystemError {
                return end(error.number == ECONNRESET ? .peerClosed : .failed(error))
            } catch let error as ByteStreamEnd {
                return endByFilter(error)
            } catch {
                preconditionFailure("reading throws typed errors only")
            }
        }
        isUnread = false
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) throws(ByteStreamEnd) {
        let span = Span<UInt8>(_bytes: bytes.bytes)
        if let filter { return try open(span, with: filter) }
        if !isFinishing, let handler { handler.received(span) }
    }

    // MARK: Writing

    /// Lets `append` add bytes to the outbox; they leave at the end of the loop's pass. Bytes for an ended stream are
    /// dropped.
    @inline(__always)
    package func write(_ append: (inout [UInt8]) -> Void) {
        guard isOpen, !isFinishing else { return }
        if queuedBytes == 0 { lastWriteProgress = loop.now }
        if outbox.isEmpty { outbox = loop.takeBuffer() }
        append(&outbox)
        if isFull { wasFull = true }
        askForFlush()
    }

    /// Asks for one `writable()` when the socket has taken more bytes, or at the end of the pass when none wait for it.
    package func callWhenWritable() {
        isProgressAsked = true
        // With bytes in the outbox a flush is due anyway, in this pass or when the socket has room.
        if queuedBytes == 0 { askForFlush() }
    }

    func askForFlush() {
        guard !isFlushAsked else { return }
        isFlushAsked = true
        loop.flushAtEndOfPass(self)
    }

    package func flush() {
        isFlushAsked = false
        guard isOpen else { return }
        if let filter { return flush(filter) }
        let takenBefore = takenBytes
        do {
            while queuedBytes > 0, case .done(let count) = try sendQueued() {
                outboxHead += count
                takenBytes += count
                lastWriteProgress = loop.now
            }
        } catch {
            return end(error.number == EPIPE || error.number == ECONNRESET ? .peerClosed : .failed(error))
        }
        // Nothing else keeps bytes from the socket.
        isBlocked = queuedBytes > 0
        afterFlush(hasProgress: takenBytes > takenBefore)
    }

    private func sendQueued() throws(SystemError) -> IOResult {
        let (descriptor, head) = (descriptor, outboxHead)
        return try outbox.withUnsafeBufferPointer { bytes throws(SystemError) in
            try SystemCalls.nonBlocking("send") {
                send(descriptor, bytes.baseAddress.map { $0 + head }, bytes.count - head, Int32(MSG_NOSIGNAL))
            }
        }
    }

    func afterFlush(hasProgress: Bool) {
        if queuedBytes == 0 {
            loop.giveBack(&outbox)
            outboxHead = 0
            if isFinishing, !isBlocked { halfClose() }
        } else {
            compactOutbox()
            watchForStall()
        }
        let isDrained = wasFull && queuedBytes <= options.lowWaterBytes
        guard isDrained || isProgressAsked && (hasProgress || queuedBytes == 0) else { return }
        if isDrained { wasFull = false }
        isProgressAsked = false
        handler?.writable()
    }

    /// Moves what is left to the front once the dead part is the larger one, so that each byte is moved at most once on
    /// average.
    private func compactOutbox() {
        guard outboxHead > outbox.count / 2 else { return }
        outbox.removeFirst(outboxHead)
        outboxHead = 0
    }

    func watchForStall() {
        guard stallTimer == nil else { return }
        nonisolated(unsafe) let stream = self  // Timers of this loop run on this loop.
        stallTimer = loop.schedule(at: lastWriteProgress + options.writeTimeout) { stream.checkForStall() }
    }

    private func checkForStall() {
        stallTimer = nil
        guard isOpen, queuedBytes > 0 || isBlocked else { return }
        if loop.now - lastWriteProgress >= options.writeTimeout {
            end(.writeTimedOut)
        } else {
            watchForStall()
        }
    }

    // MARK: Ending

    /// Writes what is queued, tells the peer that no more comes, and waits a moment for its end, so that the last
    /// frames are not lost to a reset. The handler hears `closed`.
    package func finish() {
        guard isOpen, !isFinishing else { return }
        isFinishing = true
        isReadingPaused = false
        // A filter has a last word of its own.
        if queuedBytes == 0, filter == nil { halfClose() } else { askForFlush() }
    }

    /// The peer's time to close begins here: until the last byte is taken it is the write timeout that counts.
    private func halfClose() {
        guard finishTimer == nil else { return }
        nonisolated(unsafe) let stream = self  // Timers of this loop run on this loop.
        finishTimer = loop.schedule(at: loop.now + Self.finishTimeout) { stream.end(.peerClosed) }
        shutdown(descriptor, Int32(SHUT_WR))
        if isUnread, let registration { loop.markReady(registration, [.readable, .peerClosed]) }
    }

    /// Ends the stream now and drops what is queued. The handler hears nothing more. Idempotent.
    package func close() {
        loop.preconditionOnLoop()
        guard isOpen else { return }
        _ = Glibc.close(release())
    }

    /// Takes the socket out of the loop and gives it to the caller.
    func release() -> Int32 {
        stallTimer?.cancel()
        finishTimer?.cancel()
        (stallTimer, finishTimer) = (nil, nil)
        if let registration { loop.deregister(registration) }
        registration = nil
        dropQueued()
        handler = nil
        defer { descriptor = -1 }
        return descriptor
    }

    func dropQueued() {
        outbox = []
        outboxHead = 0
        filter?.clear()
    }

    func end(_ reason: ByteStreamEnd) {
        guard isOpen else { return }
        let handler = handler
        let meaning = filter?.meaning(of: reason) ?? reason
        close()
        handler?.closed(meaning)
    }

    /// Ends from within the owner's own call, which does not expect to be called back.
    func endSoon(_ reason: ByteStreamEnd) {
        nonisolated(unsafe) let stream = self  // Blocks of this loop run on this loop.
        loop.execute { stream.end(reason) }
    }

    private func setTCPOptions() {
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
        // A peer that went without a word, and that no PING can ask: found dead after about three minutes.
        var (idleSeconds, intervalSeconds): (Int32, Int32) = (60, 20)
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, &idleSeconds, size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, &intervalSeconds, size)
        var unsentBytes = Int32(clamping: options.unsentBytesMax)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &unsentBytes, size)
        // Unacknowledged bytes end the connection as unread ones do: also where the peer's machine is gone.
        var milliseconds = Int32(clamping: options.writeTimeout.components.seconds * 1000)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, size)
    }
}
