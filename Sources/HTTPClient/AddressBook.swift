// The addresses of the hosts that a loop's client talks to: looked up off the loop, remembered a moment, one look-up
// per name at a time. curl never resolves a name itself: letting go of a transfer would wait for its resolver thread.

internal import IOLoop

/// On its loop only.
final class AddressBook {
    private struct Entry {
        var addresses: [SocketAddress]
        var expires: ContinuousClock.Instant
    }

    private let loop: IOLoop
    private var entries: [Endpoint: Entry] = [:]
    /// Names under way, each with those who wait for the first one's look-up. Bounded by the transfers of the loop.
    private var lookups: [Endpoint: [Waiter<Void>]] = [:]

    init(on loop: IOLoop) { self.loop = loop }

    /// All addresses of a host, in the system's order of preference.
    ///
    /// - Throws: `ResolveError`, `DeadlineExceeded`, `CancellationError`.
    func addresses(of endpoint: Endpoint, until deadline: ContinuousClock.Instant?) async throws -> [SocketAddress] {
        while true {
            if let entry = entries[endpoint], entry.expires > loop.now { return entry.addresses }
            guard lookups[endpoint] != nil else { return try await lookUp(endpoint, until: deadline) }
            // Resumed without a value when the first one gave up or has filled the entry: then look again. At once if
            // that happened while this task was put in line to wait.
            try await wait(on: loop, until: deadline) { waiter in
                if lookups[endpoint]?.append(waiter) == nil { waiter.resume(returning: ()) }
            }
        }
    }

    /// Forgets a host that could not be reached at its addresses.
    func forget(_ endpoint: Endpoint) { entries[endpoint] = nil }

    private func lookUp(_ endpoint: Endpoint, until deadline: ContinuousClock.Instant?) async throws -> [SocketAddress]
    {
        lookups[endpoint] = []
        do {
            let addresses = try await NameResolver.resolve(endpoint, on: loop, until: deadline)
            remember(addresses, for: endpoint)
            for waiter in lookups.removeValue(forKey: endpoint) ?? [] { waiter.resume(returning: ()) }
            return addresses
        } catch {
            for waiter in lookups.removeValue(forKey: endpoint) ?? [] {
                // A name that does not exist fails all; one caller's deadline or cancellation is its own.
                if error is ResolveError { waiter.resume(throwing: error) } else { waiter.resume(returning: ()) }
            }
            throw error
        }
    }

    private func remember(_ addresses: [SocketAddress], for endpoint: Endpoint) {
        if entries.count >= HTTPClientLimits.addressesMax {
            let now = loop.now
            entries = entries.filter { $0.value.expires > now }
            if entries.count >= HTTPClientLimits.addressesMax { entries.removeAll() }
        }
        entries[endpoint] = Entry(addresses: addresses, expires: loop.now + HTTPClientLimits.addressLifetime)
    }
}
