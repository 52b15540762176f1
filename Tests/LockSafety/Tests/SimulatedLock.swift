// A correct lock with callers, in a time of its own, that writes down what each caller would see; and the same lock
// with one fault, planted at a moment at which no order of the calls can excuse it.

import EngineConformance
import LockHistories

struct SimulatedLock {
    enum Fault: CaseIterable, Sendable {
        case secondHolder, repeatedFence, renewalAfterLoss, refusedThoughFree
    }

    struct Lease {
        var holder: String
        var fence: UInt64
        var end: Int64
        /// When its holder was told; nil when it was not.
        var toldAt: Int64?
        /// When the holder asked.
        var askedAt: Int64
    }

    /// A call on its way: it takes effect at a moment between its call and its return.
    private struct Flight {
        var operation: LockOperation
        var effectAt: Int64
        var caller: Int
        /// Answers get lost; so do requests.
        var isAnswered: Bool
        var takesEffect: Bool
    }
    private struct Caller {
        var number: Int
        var leases = 0
        /// What it believes to hold.
        var holder: String?
        var fence: UInt64 = 0
    }

    /// A few calls long, so that leases end by themselves in short histories too.
    private static let validity = 300 * Script.millisecond
    private var random: SeededGenerator
    private let fault: Fault?
    private(set) var isPlanted = false
    private(set) var history: [LockOperation] = []
    private var callers: [Caller]
    private var flights: [Flight] = []
    private var lease: Lease?
    private var last: Lease?
    /// When the last lease was given back, as its holder knows.
    private var releasedAt: Int64?
    private var fence: UInt64 = 0
    /// Holders whose calls have no answer: they may excuse anything.
    private var doubtful: Set<String> = []

    init(seed: UInt64, callers: Int = 6, operations: Int, fault: Fault? = nil) {
        random = SeededGenerator(seed: seed)
        self.fault = fault
        self.callers = (0..<callers).map { Caller(number: $0) }
        for number in 0..<callers { begin(number, at: Int64(number) * Script.millisecond) }
        while history.count < operations,
            let next = flights.indices.min(by: { flights[$0].effectAt < flights[$1].effectAt })
        {
            land(flights.remove(at: next))
        }
    }

    private mutating func span(_ milliseconds: ClosedRange<Int64>) -> Int64 {
        Int64.random(in: milliseconds.lowerBound * 1000...milliseconds.upperBound * 1000, using: &random) * 1000
    }

    private mutating func begin(_ number: Int, at now: Int64) {
        let calledAt = now + span(1...40)
        let effectAt = calledAt + span(0...30)
        var flight = Flight(
            operation: LockOperation(
                key: "k", calledAt: calledAt, returnedAt: effectAt + span(0...30), request: request(number),
                outcome: .unknown),
            effectAt: effectAt, caller: number, isAnswered: Int.random(in: 0..<20, using: &random) > 0,
            takesEffect: true)
        if !flight.isAnswered {
            flight.takesEffect = Bool.random(using: &random)
            // Some requests are stuck for long.
            if Bool.random(using: &random) { flight.effectAt += span(0...1000) }
        }
        flights.append(flight)
        guard !flight.isAnswered else { return }
        // The caller does not wait for it.
        if case .acquire(let holder) = flight.operation.request { doubtful.insert(holder) }
        if case .release(let holder) = flight.operation.request { doubtful.insert(holder) }
        flight.operation.returnedAt = nil
        history.append(flight.operation)
        callers[number].holder = nil
        begin(number, at: calledAt + span(100...200))
    }

    private mutating func request(_ number: Int) -> LockOperation.Request {
        if let holder = callers[number].holder {
            return switch Int.random(in: 0..<10, using: &random) {
            case ..<4: .renew(holder: holder)
            case ..<8: .release(holder: holder)
            default: .inspect
            }
        }
        if Int.random(in: 0..<8, using: &random) == 0 { return .inspect }
        callers[number].leases += 1
        return .acquire(holder: "\(number)-\(callers[number].leases)")
    }

    private mutating func land(_ flight: Flight) {
        let now = flight.effectAt
        if let lease, lease.end <= now {
            last = lease
            releasedAt = nil
            self.lease = nil
        }
        guard flight.takesEffect else { return }
        let outcome = effect(flight, at: now)
        guard flight.isAnswered, let returnedAt = flight.operation.returnedAt else { return }
        var operation = flight.operation
        operation.outcome = outcome
        history.append(operation)
        note(operation, flight.caller)
        // Now and then a holder is stopped for longer than its lease.
        let isStopped = callers[flight.caller].holder != nil && Int.random(in: 0..<8, using: &random) == 0
        let pause = isStopped ? span(300...600) : 0
        begin(flight.caller, at: returnedAt + pause)
    }

    private mutating func note(_ operation: LockOperation, _ caller: Int) {
        switch (operation.request, operation.outcome) {
        case (.acquire(let holder), .granted(let fence, _)):
            callers[caller].holder = holder
            callers[caller].fence = fence
            if lease?.holder == holder { lease?.toldAt = operation.returnedAt }
        case (.release, .done):
            callers[caller].holder = nil
            releasedAt = operation.returnedAt
        case (_, .lost): callers[caller].holder = nil
        default: break
        }
    }

    private mutating func effect(_ flight: Flight, at now: Int64) -> LockOperation.Outcome {
        let operation = flight.operation
        switch operation.request {
        case .acquire(let holder):
            if let planted = planted(holder, flight) { return planted }
            if let lease { return .refused(seen(lease)) }
            fence += UInt64.random(in: 1...3, using: &random)
            return grant(holder, fence, operation, at: now)
        case .renew(let holder):
            if lease?.holder == holder, let lease {
                self.lease?.end = now + Self.validity
                // It counts from when it was told last.
                self.lease?.askedAt = operation.calledAt
                return .granted(fence: lease.fence, validity: Self.validity)
            }
            if fault == .renewalAfterLoss, !isPlanted, flight.isAnswered, let lease, !doubtful.contains(holder),
                isTold(lease, before: operation.calledAt)
            {
                isPlanted = true
                return .granted(fence: callers[flight.caller].fence, validity: Self.validity)
            }
            return .lost
        case .release(let holder):
            guard lease?.holder == holder else { return .lost }
            last = lease
            releasedAt = nil
            lease = nil
            return .done
        case .inspect, .force:
            return lease.map { .held(seen($0)) } ?? .free
        }
    }

    private mutating func grant(
        _ holder: String, _ fence: UInt64, _ operation: LockOperation, at now: Int64
    ) -> LockOperation.Outcome {
        lease = Lease(
            holder: holder, fence: fence, end: now + Self.validity, toldAt: nil, askedAt: operation.calledAt)
        return .granted(fence: fence, validity: Self.validity)
    }

    private func seen(_ lease: Lease) -> LockOperation.Seen {
        LockOperation.Seen(fence: lease.fence, holder: lease.holder)
    }

    private func isTold(_ lease: Lease, before moment: Int64) -> Bool {
        lease.toldAt.map { $0 < moment } ?? false && !doubtful.contains(lease.holder)
    }

    /// A wrong answer to an acquire, where nothing can excuse it.
    private mutating func planted(_ holder: String, _ flight: Flight) -> LockOperation.Outcome? {
        guard let fault, !isPlanted, flight.isAnswered, let returnedAt = flight.operation.returnedAt else { return nil }
        let calledAt = flight.operation.calledAt
        switch fault {
        case .secondHolder:
            // The other's lease surely lives until this call has returned, and nobody is about to release it.
            guard let lease, isTold(lease, before: calledAt),
                lease.askedAt + Self.validity - LeaseSearch.tolerance > returnedAt,
                !flights.contains(where: { $0.operation.request == .release(holder: lease.holder) })
            else { return nil }
            isPlanted = true
            fence += 1
            return grant(holder, fence, flight.operation, at: flight.effectAt)
        case .repeatedFence:
            guard lease == nil, let last, isTold(last, before: calledAt) else { return nil }
            isPlanted = true
            return grant(holder, last.fence, flight.operation, at: flight.effectAt)
        case .refusedThoughFree:
            guard lease == nil, let last, !doubtful.contains(last.holder), let releasedAt, releasedAt < calledAt else {
                return nil
            }
            isPlanted = true
            return .refused(seen(last))
        case .renewalAfterLoss: return nil
        }
    }
}
