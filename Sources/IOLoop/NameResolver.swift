// Host names to addresses, off the loop: getaddrinfo blocks, so it runs on a queue of its own, a bounded number at a
// time.

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
    /// Look-ups that run or wait. A resolver that hangs must not collect threads and memory; past this a look-up fails
    /// at once.
    package static let lookupsMax = 64
    /// Threads in getaddrinfo at a time.
    private static let threadsMax = 4

    /// Look-ups of each thread.
    private static let inFlight = Mutex([Int](repeating: 0, count: threadsMax))
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
            let thread = inFlight.withLock { counts -> Int? in
                guard counts.reduce(0, +) < lookupsMax else { return nil }
                let least = counts.indices.min { counts[$0] < counts[$1] } ?? 0
                counts[least] += 1
                return least
            }
            guard let thread else { throw ResolveError(host: host, reason: "too many look-ups are under way") }
            return try await wait(on: loop, until: deadline) { waiter in
                queues[thread].async {
                    let result = lookUp(host, port)
                    inFlight.withLock { $0[thread] -= 1 }
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
