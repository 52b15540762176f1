// One exchange as curl sees it: an easy handle with its options, and what its callbacks collected. The callbacks take
// notes and wake the task that waits; they never enter curl.

internal import CCurl
internal import IOLoop

/// On its loop only. Owns the easy handle and all memory that curl has pointers into; the handle must have left the
/// multi handle before the last reference goes, which `CurlMulti` sees to.
final class CurlTransfer {
    let easy: UnsafeMutableRawPointer
    private let target: RequestTarget
    private let allowsAddress: (@Sendable (SocketAddress) -> Bool)?
    private let loop: IOLoop
    /// Outlives all its transfers' callbacks.
    private unowned let multi: CurlMulti
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var addressList: UnsafeMutablePointer<curl_slist>?

    private(set) var head = ResponseHead()
    /// Bytes of the body that nobody has taken yet.
    private var held: [UInt8] = []
    private(set) var isPaused = false
    /// The connection stood and the request began to leave.
    private var isConnected = false
    private var wasAddressRefused = false
    /// A failure that a callback found; curl only knows that it was told to stop.
    private var failure: HTTPError?
    private(set) var outcome: Result<Void, HTTPError>?
    /// When the last silence began: at the last bytes, or when reading was resumed.
    private(set) var quietSince: ContinuousClock.Instant
    private var waiter: Waiter<Void>?
    /// Grows with everything that a reader may wait for.
    private(set) var revision = 0

    /// Prepares a transfer; `CurlMulti` starts it.
    ///
    /// - Parameters:
    ///   - request: passed `RequestCheck`.
    ///   - addresses: entries for CURLOPT_RESOLVE.
    ///   - connectMilliseconds: what is left for the connection; 0 is curl's default of five minutes.
    init(
        _ request: HTTPRequest, to target: RequestTarget, through proxy: String?, addresses: [String],
        connectMilliseconds: Int, configuration: HTTPClientConfiguration, on multi: CurlMulti
    ) throws(HTTPError) {
        guard let easy = curl_easy_init() else { throw HTTPError(.connectFailed, "no memory for another transfer") }
        self.easy = easy
        self.target = target
        self.multi = multi
        loop = multi.loop
        allowsAddress = configuration.allowsAddress
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        quietSince = multi.loop.now
        for entry in addresses { Self.append(entry, to: &addressList) }
        setConnection(proxy, configuration, connectMilliseconds: connectMilliseconds, on: multi)
        setCallbacks()
        setRequest(request)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        curl_slist_free_all(addressList)
        errorText.deallocate()
    }

    // MARK: Options

    private func set(_ option: CURLoption, _ value: Int) { accepted(ccurl_set_long(easy, option, value)) }

    private func set(_ option: CURLoption, _ value: String) { accepted(ccurl_set_text(easy, option, value)) }

    private func accepted(_ code: CURLcode) {
        precondition(code == CURLE_OK, "curl has no memory, or does not know an option that 7.88 has")
    }

    private static func append(_ line: String, to list: inout UnsafeMutablePointer<curl_slist>?) {
        guard let longer = curl_slist_append(list, line) else { preconditionFailure("no memory for a list of curl's") }
        list = longer
    }

    private func setConnection(
        _ proxy: String?, _ configuration: HTTPClientConfiguration, connectMilliseconds: Int, on multi: CurlMulti
    ) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        // HTTP/2 would announce a window of 32 MiB per stream: no back-pressure to the server.
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_CONNECTTIMEOUT_MS, connectMilliseconds)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, HTTPClientLimits.keepAliveSeconds)
        set(CURLOPT_TCP_KEEPINTVL, HTTPClientLimits.keepAliveProbeSeconds)
        set(CURLOPT_MAXAGE_CONN, HTTPClientLimits.idleConnectionSeconds)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let file = configuration.authoritiesFile {
            set(CURLOPT_CAINFO, file)
            set(CURLOPT_PROXY_CAINFO, file)
        }
        // Always set, empty for none: curl would read the process's variables otherwise.
        set(CURLOPT_PROXY, proxy ?? "")
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        accepted(ccurl_set_list(easy, CURLOPT_RESOLVE, addressList))
        // Unretained: the multi handle closes its connections before it goes.
        accepted(ccurl_set_close_socket(easy, CurlMulti.closeSocket))
        accepted(ccurl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(multi).toOpaque()))
    }

    private func setCallbacks() {
        // Unretained: `CurlMulti` keeps the transfer while its easy handle is in the multi handle, and curl calls back
        // only then.
        let datum = Unmanaged.passUnretained(self).toOpaque()
        accepted(ccurl_set_receiver(easy, CURLOPT_WRITEFUNCTION, Self.bodyArrived))
        accepted(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, datum))
        accepted(ccurl_set_receiver(easy, CURLOPT_HEADERFUNCTION, Self.headerArrived))
        accepted(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, datum))
        accepted(ccurl_set_connected(easy, Self.connected))
        accepted(ccurl_set_pointer(easy, CURLOPT_PREREQDATA, datum))
        accepted(ccurl_set_open_socket(easy, Self.openSocket))
        accepted(ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, datum))
        accepted(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
    }

    private func setRequest(_ request: HTTPRequest) {
        set(CURLOPT_URL, request.url)
        let sendsBody = !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method)
        if sendsBody {
            set(CURLOPT_POST, 1)
            accepted(request.body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress, $0.count) })
        } else if request.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        }
        if request.method != (sendsBody ? "POST" : "GET"), request.method != "HEAD" {
            set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        for (name, value) in request.headers {
            Self.append(value.isEmpty ? "\(name);" : "\(name): \(value)", to: &headerList)
        }
        // Without a value they keep curl from adding its own: a wait for "100 Continue", and a form's type.
        for name in ["Expect", "Content-Type"]
        where !request.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            Self.append("\(name):", to: &headerList)
        }
        accepted(ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList))
    }

    // MARK: Callbacks, within curl

    private static let bodyArrived:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int =
            { bytes, size, count, datum in
                guard let bytes, let datum else { return 0 }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(datum).takeUnretainedValue()
                return transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard held.count < HTTPClientLimits.responseBytesHeldMax else {
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        held.append(contentsOf: bytes)
        quietSince = loop.now
        wake()
        return bytes.count
    }

    private static let headerArrived:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
            bytes, size, count, datum in
            guard let bytes, let datum else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(datum).takeUnretainedValue()
            return transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }

    private func takeHeader(_ line: UnsafeRawBufferPointer) -> Int {
        do {
            let wasComplete = head.isComplete
            try head.take(line)
            if head.isComplete, !wasComplete {
                quietSince = loop.now
                wake()
            }
            return line.count
        } catch {
            let limit = HTTPClientLimits.responseHeaderBytesMax
            failure = HTTPError(.tooLarge, "\(target.text) answered with more than \(limit) bytes of headers")
            return 0
        }
    }

    private static let connected:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int32, Int32
        ) -> Int32 = { datum, _, _, _, _ in
            guard let datum else { return CURL_PREREQFUNC_ABORT }
            Unmanaged<CurlTransfer>.fromOpaque(datum).takeUnretainedValue().isConnected = true
            return CURL_PREREQFUNC_OK
        }

    private static let openSocket:
        @convention(c) (UnsafeMutableRawPointer?, curlsocktype, UnsafeMutablePointer<curl_sockaddr>?) -> Int32 = {
            datum, _, address in
            guard let datum, let address else { return -1 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(datum).takeUnretainedValue()
            return transfer.openSocket(address)
        }

    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Int32 {
        if let allowsAddress {
            let bytes = UnsafeRawBufferPointer(start: ccurl_address_bytes(address), count: Int(address.pointee.addrlen))
            guard allowsAddress(SocketAddress(bytes)) else {
                wasAddressRefused = true
                return -1
            }
        }
        return multi.openSocket(address)
    }

    // MARK: The task's side

    /// Waits until there is something that was not there at `seen`: headers, bytes or the end.
    ///
    /// The revision is compared again when the waiter is in place, since a task that enters `wait` may be put in line
    /// behind other work of the loop.
    /// - Throws: `DeadlineExceeded`, `CancellationError`.
    func change(since seen: Int, until deadline: ContinuousClock.Instant?) async throws {
        defer { waiter = nil }
        try await wait(on: loop, until: deadline) { waiter in
            self.waiter = waiter
            if revision != seen { waiter.resume(returning: ()) }
        }
    }

    private func wake() {
        revision += 1
        waiter?.resume(returning: ())
        waiter = nil
    }

    /// Takes the bytes that are there, nil for none. The caller then resumes a paused transfer.
    func takeHeld() -> [UInt8]? {
        guard !held.isEmpty else { return nil }
        let bytes = held
        held = []
        return bytes
    }

    /// To be called before curl is told to go on, since curl may pause again at once.
    func willResume() {
        isPaused = false
        quietSince = loop.now
    }

    /// Notes how the transfer ended; the first time counts.
    func end(with outcome: Result<Void, HTTPError>) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        wake()
    }

    // MARK: Errors

    /// What a result code of curl's means here.
    func error(for code: CURLcode) -> HTTPError {
        if let failure { return failure }
        let host = target.text
        let words = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL where isConnected:
            return HTTPError(.protocolError, "\(host) did not answer with HTTP")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return HTTPError(.invalidURL, "the URL cannot be used: \(words)")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return HTTPError(.resolve, "cannot resolve \(host), or the proxy to it")
        case CURLE_COULDNT_CONNECT where wasAddressRefused:
            return HTTPError(.connectFailed, "connecting to the address of \(host) is not allowed")
        case CURLE_COULDNT_CONNECT, CURLE_PROXY:
            return HTTPError(.connectFailed, "cannot connect to \(host): \(detail(or: words))")
        case CURLE_OPERATION_TIMEDOUT:
            return HTTPError(.timedOut(isConnected ? .total : .connect), "\(host) did not answer in time")
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_USE_SSL_FAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_INVALIDCERTSTATUS:
            return HTTPError(.tls, "no TLS with \(host): \(detail(or: words))")
        case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_FAIL_REWIND:
            guard isConnected else {
                return HTTPError(.connectFailed, "cannot connect to \(host): \(detail(or: words))")
            }
            return HTTPError(.interrupted, "\(host) closed the connection before the response's end: \(words)")
        case CURLE_OUT_OF_MEMORY where isConnected && !head.isComplete:
            // curl's word for a header line of more than 100 KiB.
            return HTTPError(.tooLarge, "\(host) answered with a header that is too long")
        default:
            return HTTPError(.protocolError, "\(host) did not answer with proper HTTP/1.1: \(words)")
        }
    }

    /// curl's own words about connections and certificates, which hold the host at most.
    private func detail(or words: String) -> String {
        let text = String(cString: errorText)
        return text.isEmpty ? words : text
    }
}
