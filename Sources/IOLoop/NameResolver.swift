// Host names to addresses, off the loop: getaddrinfo blocks, so it runs on a queue of its own, a bounded number at a time.

internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A name that could not be resolved.
package struct ResolveError: Error, Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let reason: String

    package init(host: String, reason: String) {
        self.host = host
        self.reason = reason
    }

    package var description: String { "cannot resolve \(host): \(reason)" }
}

/// Resolves names for all loops.
package enum NameResolver {
    /// Look-ups that run or wait. A resolver that hangs must not collect threads and memory; past this a look-up fails at once.
    package static let lookupsMax = 64
    /// Threads in getaddrinfo at a time.
    private static let threadsMax = 4

    private static let inFlight = Mutex(0)
    private static let queues = (0..<threadsMax).map { DispatchQueue(label: "resolver-\($0)") }

    /// All addresses of an endpoint, in the system's order of preference. Call it on the loop.
    ///
    /// A look-up that was given up runs to its end on its own thread and is then forgotten.
    /// - Throws: `ResolveError`, `DeadlineExceeded`, `CancellationError`.
    package static func resolve(
        _ endpoint: Endpoint, on loop: IOLoop, until deadline: ContinuousClock.Instant?
    ) async throws -> [SocketAddress] {
        switch endpoint {
        case .unix(let path):
            return [SocketAddress(unixPath: path)]
        case .host(let host, let port):
            if let address = SocketAddress(numericHost: host, port: port) { return [address] }
            let ticket = inFlight.withLock { count -> Int? in
                guard count < lookupsMax else { return nil }
                count += 1
                return count
            }
            guard let ticket else { throw ResolveError(host: host, reason: "too many look-ups are under way") }
            return try await wait(on: loop, until: deadline) { waiter in
                queues[ticket % threadsMax].async {
                    let result = lookUp(host, port)
                    inFlight.withLock { $0 -= 1 }
                    waiter.resume(with: result.mapError { $0 })
                }
            }
        }
    }

    private static func lookUp(_ host: String, _ port: UInt16) -> Result<[SocketAddress], any Error> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            return .failure(ResolveError(host: host, reason: String(cString: gai_strerror(status))))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
                addresses.append(SocketAddress(bytes))
            }
            next = entry.ai_next
        }
        guard !addresses.isEmpty else { return .failure(ResolveError(host: host, reason: "no address")) }
        return .success(addresses)
    }
}
