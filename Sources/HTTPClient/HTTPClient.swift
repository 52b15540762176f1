// The HTTP client of a loop: one request in, one response handed to a closure, the connection back in the pool or
// closed.

package import IOLoop
internal import Synchronization

/// One per loop, found by `current`; it shares connections between all requests of the loop. Connections are HTTP/1.1,
/// TLS is always verified, redirects are not followed, nothing is retried (save what HTTP demands of a pooled
/// connection that the server had closed).
package final class HTTPClient: @unchecked Sendable {
    // Sendable unchecked because all members below are touched on the loop only, which `withResponse` and `close`
    // check.
    package let loop: IOLoop
    private let configuration: HTTPClientConfiguration
    private let multi: CurlMulti
    private let addressBook: AddressBook
    /// Requests between their start and their closure's return.
    package private(set) var transfersUnderWay = 0
    private var isOpen = true
    /// Sockets of transfers under way; idle connections are not watched.
    var watchedSockets: Int { multi.watchedSockets }

    /// A client of its own, with its own connections, for requests under another configuration. On the loop; end it
    /// with `close()`.
    package init(on loop: IOLoop, configuration: HTTPClientConfiguration) {
        self.loop = loop
        self.configuration = configuration
        multi = CurlMulti(on: loop)
        addressBook = AddressBook(on: loop)
    }

    // MARK: The client of a loop

    private struct Registry {
        var configuration = HTTPClientConfiguration()
        var clients: [ObjectIdentifier: HTTPClient] = [:]
    }
    private static let registry = Mutex(Registry())

    /// Sets what `current` makes clients with from now on. For the program's start, before the first request.
    package static func configureProcess(_ configuration: HTTPClientConfiguration) {
        registry.withLock { $0.configuration = configuration }
    }

    /// The client of the loop that runs on this thread, made at the first use. It lives as long as the loop, which is
    /// for good.
    package static var current: HTTPClient {
        guard let loop = IOLoop.current else { preconditionFailure("there is an HTTP client on a loop only") }
        let key = ObjectIdentifier(loop)
        return registry.withLock { registry in
            if let client = registry.clients[key] { return client }
            let client = HTTPClient(on: loop, configuration: registry.configuration)
            registry.clients[key] = client
            return client
        }
    }

    /// Ends all requests and closes all connections. Only for clients made by `init`. Idempotent.
    package func close() {
        loop.preconditionOnLoop()
        isOpen = false
        multi.close()
    }

    // MARK: Requests

    /// Sends a request and hands the response to `body` once its headers are complete. When `body` returns or throws
    /// before it read the body's end, or the task is cancelled, the connection closes at once; after the end it goes
    /// back to the pool.
    ///
    /// Call it on the loop, isolated to an actor of the loop; `body` runs there too.
    /// - Throws: `HTTPError`, `CancellationError`, and what `body` throws. A status of 400 or more is no error here.
    package func withResponse<R>(
        _ request: HTTPRequest, limits: HTTPTimeLimits = HTTPTimeLimits(),
        isolation: isolated (any Actor)? = #isolation, _ body: (HTTPResponse) async throws -> R
    ) async throws -> R {
        loop.preconditionOnLoop()
        precondition(isOpen, "the HTTP client is closed")
        guard transfersUnderWay < HTTPClientLimits.transfersMax else {
            throw HTTPError(
                .tooManyTransfers, "\(HTTPClientLimits.transfersMax) HTTP requests are under way on this loop already")
        }
        transfersUnderWay += 1
        defer { transfersUnderWay -= 1 }
        let start = loop.now
        let transfer = try await connect(request, limits, start)
        defer { multi.stop(transfer, because: HTTPError(.interrupted, "the response was left")) }
        multi.start(transfer)
        let totalDeadline = limits.total.map { start + $0 }
        do {
            try await waitForHead(of: transfer, firstByteDeadline: limits.firstByte.map { start + $0 }, totalDeadline)
        } catch let error as HTTPError where error.kind == .connectFailed || error.kind == .timedOut(.connect) {
            forgetAddresses(of: request)
            throw error
        }
        let response = HTTPResponse(transfer, on: multi, idle: limits.idle, totalDeadline: totalDeadline)
        defer { response.finish() }
        return try await body(response)
    }

    /// Looks names up and prepares the transfer.
    private func connect(
        _ request: HTTPRequest, _ limits: HTTPTimeLimits, _ start: ContinuousClock.Instant
    ) async throws -> CurlTransfer {
        try RequestCheck.check(request)
        let target = try RequestTarget(url: request.url)
        let proxy = configuration.proxies.proxy(isHTTPS: target.scheme == "https", host: target.host)
        let deadline = limits.connect.map { start + $0 }
        var entries: [String] = []
        for host in try Self.hostsToResolve(target, proxy) where !host.isNumeric {
            entries.append(try await resolveEntry(host, until: deadline))
        }
        // Zero would be curl's default.
        let milliseconds = deadline.map { max(1, Self.milliseconds($0 - loop.now)) } ?? 0
        return try CurlTransfer(
            request, to: target, through: proxy, addresses: entries, connectMilliseconds: milliseconds,
            configuration: configuration, on: multi)
    }

    /// The hosts that this machine must know: the target or, where the proxy looks it up, only the proxy.
    static func hostsToResolve(_ target: RequestTarget, _ proxy: String?) throws(HTTPError) -> [RequestTarget] {
        guard let proxy else { return [target] }
        let proxyTarget = try RequestTarget(proxy: proxy)
        return ["socks4", "socks5"].contains(proxyTarget.scheme) ? [proxyTarget, target] : [proxyTarget]
    }

    /// An entry for CURLOPT_RESOLVE that expires in curl's cache as others do.
    private func resolveEntry(_ host: RequestTarget, until deadline: ContinuousClock.Instant?) async throws -> String {
        do {
            let addresses = try await addressBook.addresses(of: host.endpoint, until: deadline)
            let texts = addresses.map { address in
                let text = address.description
                return text.lastIndex(of: ":").map { String(text[..<$0]) } ?? text
            }
            return "+\(host.host):\(host.port):\(texts.joined(separator: ","))"
        } catch let error as ResolveError {
            throw HTTPError(.resolve, error.description)
        } catch is DeadlineExceeded {
            throw HTTPError(.timedOut(.connect), "the name \(host.host) was not resolved in time")
        }
    }

    /// The host may have moved: the next request looks it up anew.
    private func forgetAddresses(of request: HTTPRequest) {
        guard let target = try? RequestTarget(url: request.url) else { return }
        let proxy = configuration.proxies.proxy(isHTTPS: target.scheme == "https", host: target.host)
        for host in (try? Self.hostsToResolve(target, proxy)) ?? [] { addressBook.forget(host.endpoint) }
    }

    private func waitForHead(
        of transfer: CurlTransfer, firstByteDeadline: ContinuousClock.Instant?,
        _ totalDeadline: ContinuousClock.Instant?
    ) async throws {
        let deadline = [firstByteDeadline, totalDeadline].compactMap { $0 }.min()
        while !transfer.head.isComplete {
            let seen = transfer.revision
            switch transfer.outcome {
            case .success: throw HTTPError(.protocolError, "the response has no headers")
            case .failure(let error): throw error
            case nil: break
            }
            do {
                try await transfer.change(since: seen, until: deadline)
            } catch is DeadlineExceeded {
                let limit: HTTPTimeLimit = deadline == totalDeadline ? .total : .firstByte
                throw HTTPError(.timedOut(limit), "no response within the limit \(limit.rawValue)")
            }
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(min(seconds, 1_000_000)) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
