// Which endpoint and address to try next, and when. Pure: no socket, no clock of its own.
//
// A round tries every endpoint once, in the order given, beginning with the one after that which was lost last; within
// an endpoint the addresses that failed lately come last. Between rounds that failed there is a growing pause.

internal import IOLoop

/// The order of connection attempts and the pauses between them.
struct ConnectPlan: Sendable {
    /// Addresses remembered as bad; names with more records than this are tried in the resolver's order.
    static let avoidedMax = 64

    private let endpoints: [Endpoint]
    private let backOff: BackOff
    private var firstIndex = 0
    /// Rounds or connections in a row that came to nothing.
    private var failures = 0
    private var avoided: [SocketAddress: ContinuousClock.Instant] = [:]
    /// When the next round may begin; nil for at once.
    private(set) var nextRoundAt: ContinuousClock.Instant?

    init(endpoints: [Endpoint], backOff: BackOff) {
        precondition(!endpoints.isEmpty, "a client needs at least one endpoint")
        self.endpoints = endpoints
        self.backOff = backOff
    }

    /// The endpoints of a round, in order.
    func round() -> [Endpoint] { Array(endpoints[firstIndex...] + endpoints[..<firstIndex]) }

    /// An endpoint's addresses in the order to try them.
    func order(_ addresses: [SocketAddress], at now: ContinuousClock.Instant) -> [SocketAddress] {
        let isAvoided = { (address: SocketAddress) in avoided[address].map { $0 > now } ?? false }
        return addresses.filter { !isAvoided($0) } + addresses.filter(isAvoided)
    }

    /// An address could not be connected to.
    mutating func addressFailed(_ address: SocketAddress, at now: ContinuousClock.Instant) {
        avoid(address, at: now)
    }

    /// No endpoint could be connected to.
    mutating func roundFailed(at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator) {
        pause(at: now, random: &random)
    }

    /// The server behind an address said something: only that ends a row of failures, since a port may accept and
    /// close.
    mutating func heard(from address: SocketAddress) {
        failures = 0
        nextRoundAt = nil
        avoided[address] = nil
    }

    /// A connection ended, or its server asked for no more calls: others are to be tried first.
    mutating func lost(
        _ endpoint: Endpoint, _ address: SocketAddress, wasHeard: Bool, at now: ContinuousClock.Instant,
        random: inout some RandomNumberGenerator
    ) {
        avoid(address, at: now)
        if let index = endpoints.firstIndex(of: endpoint) { firstIndex = (index + 1) % endpoints.count }
        if !wasHeard { pause(at: now, random: &random) }
    }

    private mutating func pause(at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator) {
        failures += 1
        nextRoundAt = now + backOff.pause(afterFailures: failures, random: &random)
    }

    private mutating func avoid(_ address: SocketAddress, at now: ContinuousClock.Instant) {
        if avoided.count >= Self.avoidedMax { avoided = avoided.filter { $0.value > now } }
        guard avoided.count < Self.avoidedMax else { return }
        avoided[address] = now + backOff.maximum
    }
}
