// curl's multi handle on a loop: its sockets in the loop's epoll set, its timer on the loop's timers, its finished
// transfers handed back.
//
// curl is entered from three places only: a socket's event, the timer, and a task that starts, stops or resumes a
// transfer. None of them is within one of curl's callbacks, which only take notes and wake tasks; entering curl from a
// callback is forbidden, and trapped.

internal import CCurl
internal import Glibc
internal import IOLoop

/// On its loop only. Owns the multi handle and, while they are under way, the transfers. Ends with `close()`.
final class CurlMulti {
    /// A socket of curl's in the epoll set: level-triggered, since curl stops reading a paused one in the middle.
    private final class Watch: LoopEventHandler {
        unowned let multi: CurlMulti
        /// curl's number for it.
        let descriptor: Int32
        /// A second descriptor of the same socket, ours, which is the one in the epoll set. Only for sockets that were
        /// not connected when the watch began: curl 7.88 closes those without a word, and its number may be another
        /// socket's by the next line.
        let duplicate: Int32?
        var interest: LoopEvents
        var registration: LoopRegistration?

        init(_ multi: CurlMulti, _ descriptor: Int32, duplicate: Int32?, _ interest: LoopEvents) {
            self.multi = multi
            self.descriptor = descriptor
            self.duplicate = duplicate
            self.interest = interest
        }

        func ready(_ events: LoopEvents) { multi.socketIsReady(self, events) }
    }

    let loop: IOLoop
    private var handle: UnsafeMutableRawPointer?
    private var watches: [Int32: Watch] = [:]
    /// Sockets that curl has opened and not yet asked to watch.
    private var unwatched: Set<Int32> = []
    private var timer: LoopTimer?
    private var isTimeoutQueued = false
    private var isInside = false
    /// Keeps each transfer, to which curl has an unretained pointer, until its easy handle left the multi handle.
    private var transfers: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    /// Transfers that failed within a callback; ended once curl has returned.
    private var failed: [(CurlTransfer, HTTPError)] = []

    /// Once per process, before the first handle.
    private static let globalState: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    init(on loop: IOLoop) {
        loop.preconditionOnLoop()
        precondition(Self.globalState == CURLE_OK, "curl could not be started")
        self.loop = loop
        guard let handle = curl_multi_init() else { preconditionFailure("no memory for curl's multi handle") }
        self.handle = handle
        // Unretained: `close` cleans the handle up, and nothing of curl calls back after that.
        let datum = Unmanaged.passUnretained(self).toOpaque()
        let codes = [
            ccurl_multi_set_socket_function(handle, Self.socketChanged, datum),
            ccurl_multi_set_timer_function(handle, Self.timerChanged, datum),
            ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, HTTPClientLimits.pooledConnectionsMax),
            ccurl_multi_set_long(handle, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING)),
        ]
        precondition(codes.allSatisfy { $0 == CURLM_OK }, "curl refused an option of its multi handle")
    }

    deinit { precondition(handle == nil, "a curl multi handle was released without close()") }

    /// Ends all transfers and closes all connections. Idempotent.
    func close() {
        loop.preconditionOnLoop()
        guard let handle else { return }
        for transfer in Array(transfers.values) {
            stop(transfer, because: HTTPError(.interrupted, "the client was closed"))
        }
        enter { _ = curl_multi_cleanup(handle) }
        self.handle = nil
        timer?.cancel()
        timer = nil
        for descriptor in Array(watches.keys) { forget(descriptor) }
    }

    // MARK: Transfers

    /// Starts a transfer, which is kept until it ended or was stopped.
    func start(_ transfer: CurlTransfer) {
        guard let handle else {
            // Closed while this request's host was looked up.
            return transfer.end(with: .failure(HTTPError(.connectFailed, "the client was closed")))
        }
        transfers[transfer.easy] = transfer
        var code = CURLM_OK
        enter { code = curl_multi_add_handle(handle, transfer.easy) }
        if code != CURLM_OK {
            transfers[transfer.easy] = nil
            transfer.end(with: .failure(HTTPError(.connectFailed, "curl could not start the transfer")))
        }
    }

    /// Stops a transfer that is under way: its connection closes at once. Without effect on one that has ended.
    func stop(_ transfer: CurlTransfer, because error: HTTPError) {
        guard let handle, transfers[transfer.easy] === transfer else { return }
        enter { _ = curl_multi_remove_handle(handle, transfer.easy) }
        transfers[transfer.easy] = nil
        transfer.end(with: .failure(error))
        finishDone()
    }

    /// Goes on with a paused transfer. curl hands over what it kept back before this returns.
    func resume(_ transfer: CurlTransfer) {
        guard transfers[transfer.easy] === transfer else { return }
        var code = CURLE_OK
        enter { code = curl_easy_pause(transfer.easy, CURLPAUSE_CONT) }
        if code != CURLE_OK { stop(transfer, because: transfer.error(for: code)) }
        finishDone()
    }

    /// Sockets in the epoll set.
    var watchedSockets: Int { watches.count }

    // MARK: Into curl

    private func enter(_ body: () -> Void) {
        loop.preconditionOnLoop()
        precondition(!isInside, "curl was entered from one of its callbacks")
        isInside = true
        body()
        isInside = false
    }

    private func socketIsReady(_ watch: Watch, _ events: LoopEvents) {
        guard let handle else { return }
        var mask: Int32 = 0
        if events.contains(.readable) { mask |= CURL_CSELECT_IN }
        if events.contains(.writable) { mask |= CURL_CSELECT_OUT }
        // curl finds out what is wrong by reading or writing, which also keeps bytes that came before a reset.
        if !events.isDisjoint(with: .broken) {
            if watch.interest.contains(.readable) { mask |= CURL_CSELECT_IN }
            if watch.interest.contains(.writable) { mask |= CURL_CSELECT_OUT }
        }
        var running: Int32 = 0
        // The code tells of a handle or socket that is not ours, or of no memory; the transfer's time limits end what
        // is stuck.
        enter { _ = curl_multi_socket_action(handle, watch.descriptor, mask, &running) }
        finishDone()
    }

    private func timedOut() {
        guard let handle else { return }
        enter { _ = ccurl_multi_timed_out(handle) }
        finishDone()
    }

    private func finishDone() {
        guard let handle else { return }
        while let (transfer, error) = failed.popLast() { stop(transfer, because: error) }
        var easy: UnsafeMutableRawPointer?
        var result = CURLE_OK
        while ccurl_multi_next_done(handle, &easy, &result) {
            guard let easy, let transfer = transfers.removeValue(forKey: easy) else { continue }
            enter { _ = curl_multi_remove_handle(handle, easy) }
            transfer.end(with: result == CURLE_OK ? .success(()) : .failure(transfer.error(for: result)))
        }
    }

    // MARK: Out of curl

    private static let socketChanged:
        @convention(c) (
            UnsafeMutableRawPointer?, Int32, Int32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
        ) -> Int32 = { easy, descriptor, what, datum, _ in
            guard let datum else { return 0 }
            let multi = Unmanaged<CurlMulti>.fromOpaque(datum).takeUnretainedValue()
            multi.watch(descriptor, what, for: easy)
            return 0
        }

    private static let timerChanged: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Int32 =
        { _, milliseconds, datum in
            guard let datum else { return 0 }
            Unmanaged<CurlMulti>.fromOpaque(datum).takeUnretainedValue().setTimer(milliseconds)
            return 0
        }

    private func watch(_ descriptor: Int32, _ what: Int32, for easy: UnsafeMutableRawPointer?) {
        let interest: LoopEvents
        switch what {
        case CURL_POLL_IN: interest = .readable
        case CURL_POLL_OUT: interest = .writable
        case CURL_POLL_INOUT: interest = .readableOrWritable
        default: return forget(descriptor)
        }
        do {
            if let watch = watches[descriptor], let registration = watch.registration {
                watch.interest = interest
                try loop.modify(registration, for: interest)
            } else {
                try beginWatch(descriptor, interest)
            }
        } catch {
            // Told to curl, this would end every transfer of the handle.
            guard let easy, let transfer = transfers[easy] else { return }
            failed.append((transfer, HTTPError(.connectFailed, "the socket cannot be watched: \(error)")))
        }
    }

    private func beginWatch(_ descriptor: Int32, _ interest: LoopEvents) throws(SystemError) {
        var duplicate: Int32?
        if unwatched.remove(descriptor) != nil {
            let number = ccurl_duplicate_socket(descriptor)
            guard number >= 0 else { throw SystemError(number: EMFILE, operation: "dup") }
            duplicate = number
        }
        let watch = Watch(self, descriptor, duplicate: duplicate, interest)
        watches[descriptor] = watch
        do {
            watch.registration = try loop.register(duplicate ?? descriptor, for: interest, handler: watch)
        } catch {
            forget(descriptor)
            throw error
        }
    }

    /// Takes a socket out of the epoll set. curl says so before it closes a connected one; `closeSocket` makes sure.
    private func forget(_ descriptor: Int32) {
        unwatched.remove(descriptor)
        guard let watch = watches.removeValue(forKey: descriptor) else { return }
        if let registration = watch.registration { loop.deregister(registration) }
        if let duplicate = watch.duplicate { ccurl_close_socket(duplicate) }
    }

    /// Opens a socket for a transfer, -1 if the system has none left. Within curl.
    func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Int32 {
        let descriptor = ccurl_open_socket(address, HTTPClientLimits.unacknowledgedMilliseconds)
        guard descriptor >= 0 else { return -1 }
        let stale = watches[descriptor]
        forget(descriptor)
        unwatched.insert(descriptor)
        // The number was that of a socket which failed to connect, so curl thinks that it is watched and would not ask
        // again.
        if let stale {
            watch(descriptor, stale.interest.contains(.readable) ? CURL_POLL_INOUT : CURL_POLL_OUT, for: nil)
        }
        return descriptor
    }

    /// Closes a socket of curl's, which may outlive the transfer that opened it.
    static let closeSocket: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Int32 = { datum, descriptor in
        if let datum { Unmanaged<CurlMulti>.fromOpaque(datum).takeUnretainedValue().forget(descriptor) }
        ccurl_close_socket(descriptor)
        return 0
    }

    /// Milliseconds until curl wants to be called: -1 never, 0 as soon as the callback has returned.
    private func setTimer(_ milliseconds: Int) {
        timer?.cancel()
        timer = nil
        guard milliseconds >= 0 else { return }
        nonisolated(unsafe) let multi = self  // Timers and blocks of this loop run on this loop.
        if milliseconds == 0 {
            guard !isTimeoutQueued else { return }
            isTimeoutQueued = true
            loop.execute {
                multi.isTimeoutQueued = false
                multi.timedOut()
            }
        } else {
            timer = loop.schedule(at: loop.now + .milliseconds(milliseconds)) {
                multi.timer = nil
                multi.timedOut()
            }
        }
    }
}
