// The model of one lock: what states a call's answer allows. LeaseSearch looks for an order of all calls in which every
// answer is allowed.
//
// What the model says, exactly:
// - The lock is free, or held by one holder with a fence. An acquire is granted when the lock is free, with a fence
//   greater than all before; its own holder gets the same fence again and a new time to live.
// - A lease lasts at least as long as its holder was told, counted from the moment at which the grant or renewal took
//   effect, less a small tolerance. After that it may end by itself at any time, or live on: nothing forces it to end.
//   A renewal counts from anew, also where it tells less.
// - Refused is right only at a moment at which somebody else holds the lock (the one that the answer names, where it
//   names one): a lock that was surely free during the whole call may not be refused.
// - Renewing and releasing succeed only for the holder, forcing only for the fence; `lost` is right only at a moment
//   at which there is no such lease. Inspect tells the state.
// - Without an answer, an acquire may take effect once at any time after its call; nobody was told a time to live, so
//   it may end at any time. A release or force may take effect once at any time after its call. A renewal without an
//   answer never shortens what was told before, and nothing forces a lease to end, so it changes nothing here.
//
// Every bound on time is a lower one up to a call's return, so the earliest moment for each step is the best: a state
// has one time, not a span, and the search stays exact.

/// The state after some calls, in some order.
struct LeaseState: Hashable {
    /// When the last step took place, at the earliest.
    var time = Int64.min
    /// Nil when the lock is free.
    var holder: Int?
    /// 0 for a lease that nobody was told the fence of.
    var fence: UInt64 = 0
    /// When the lease may end by itself.
    var promisedUntil = Int64.min
    /// The greatest of all leases up to now.
    var lastFence: UInt64 = 0
    /// The calls without an answer that took effect, in ascending order.
    var used: [Int] = []

    mutating func free(at time: Int64) {
        self.time = time
        holder = nil
        fence = 0
        promisedUntil = .min
    }

    mutating func use(_ open: Int) {
        used.insert(open, at: used.firstIndex { $0 > open } ?? used.count)
    }
}

/// What a caller is told of a lease, with the holder as a number.
struct SeenLease: Hashable {
    var fence: UInt64?
    var holder: Int?
}

/// An answered call, with the holder as a number.
struct AnsweredCall {
    enum Effect {
        case granted(holder: Int, fence: UInt64, validity: Int64)
        case renewed(holder: Int, fence: UInt64, validity: Int64)
        case refused(holder: Int, SeenLease)
        case lostLease(holder: Int)
        case released(holder: Int)
        case releasedOrLost(holder: Int)
        case free
        case held(SeenLease)
        case forced(fence: UInt64)
        case noSuchFence(UInt64)
    }
    var calledAt: Int64
    var answeredAt: Int64
    var effect: Effect
}

/// Calls without an answer that can explain what others saw. They are taken only where something needs them: an effect
/// that nobody sees can as well not have been.
struct OpenCalls {
    struct Call {
        var number: Int
        var calledAt: Int64
        var holder: Int
    }
    var acquires: [Call] = []
    var acquiresOf: [Int: [Call]] = [:]
    var releasesOf: [Int: [Call]] = [:]
    var forcesOf: [UInt64: [Call]] = [:]
    var count = 0
}

/// The rules of the model.
struct LeaseRules {
    var open: OpenCalls
    /// By how much a lease may end earlier than was told: clocks count whole milliseconds.
    var tolerance: Int64

    /// The states in which the call has been answered as it was.
    func states(after call: AnsweredCall, from state: LeaseState) -> [LeaseState] {
        var now = state
        now.time = max(state.time, call.calledAt)
        let end = call.answeredAt
        guard now.time <= end else { return [] }
        switch call.effect {
        case .granted(let holder, let fence, let validity):
            return granted(holder, fence, validity, from: now, by: end)
        case .renewed(let holder, let fence, let validity):
            return seeing(SeenLease(fence: fence, holder: holder), from: now, by: end).map { told(validity, $0) }
        case .refused(let holder, let seen):
            return seeing(seen, from: now, by: end).filter { $0.holder != holder }
        case .lostLease(let holder):
            return now.holder == holder ? endings(of: now, by: end) : [now]
        case .released(let holder):
            return freed(seeing(SeenLease(holder: holder), from: now, by: end))
        case .releasedOrLost(let holder):
            guard now.holder == holder else {
                return [now] + freed(seeing(SeenLease(holder: holder), from: now, by: end))
            }
            return freed([now])
        case .free:
            return endings(of: now, by: end)
        case .held(let seen):
            return seeing(seen, from: now, by: end)
        case .forced(let fence):
            return freed(seeing(SeenLease(fence: fence), from: now, by: end))
        case .noSuchFence(let fence):
            return now.holder != nil && now.fence == fence ? endings(of: now, by: end) : [now]
        }
    }

    private func granted(
        _ holder: Int, _ fence: UInt64, _ validity: Int64, from state: LeaseState, by end: Int64
    ) -> [LeaseState] {
        var results: [LeaseState] = []
        if let again = binding(SeenLease(fence: fence, holder: holder), to: state) {
            results.append(told(validity, again))
        }
        for var vacant in endings(of: state, by: end) where fence > vacant.lastFence {
            vacant.holder = holder
            vacant.fence = fence
            vacant.lastFence = fence
            results.append(told(validity, vacant))
        }
        return results
    }

    private func told(_ validity: Int64, _ state: LeaseState) -> LeaseState {
        var state = state
        state.promisedUntil = state.time + validity - tolerance
        return state
    }

    private func freed(_ states: [LeaseState]) -> [LeaseState] {
        states.map { state in
            var state = state
            state.free(at: state.time)
            return state
        }
    }

    /// The states in which the lease that was seen is held, now or after others ended and an acquire without an answer
    /// took effect.
    private func seeing(_ seen: SeenLease, from state: LeaseState, by end: Int64) -> [LeaseState] {
        var results: [LeaseState] = []
        if let bound = binding(seen, to: state) { results.append(bound) }
        let acquires = seen.holder.map { open.acquiresOf[$0] ?? [] } ?? open.acquires
        for acquire in acquires where acquire.calledAt <= end && !state.used.contains(acquire.number) {
            for var vacant in endings(of: state, by: end) {
                vacant.time = max(vacant.time, acquire.calledAt)
                vacant.holder = acquire.holder
                vacant.promisedUntil = vacant.time
                vacant.use(acquire.number)
                if let bound = binding(seen, to: vacant) { results.append(bound) }
            }
        }
        return results
    }

    /// The state, with the fence that was seen, if the lease that is held can be the one that was seen.
    private func binding(_ seen: SeenLease, to state: LeaseState) -> LeaseState? {
        guard let holder = state.holder, seen.holder == nil || seen.holder == holder else { return nil }
        guard let fence = seen.fence else { return state }
        if state.fence == fence { return state }
        guard state.fence == 0, fence > state.lastFence else { return nil }
        var state = state
        state.fence = fence
        state.lastFence = fence
        return state
    }

    /// The states in which the lock is free: it is, or the lease ends by itself, or by a call without an answer.
    private func endings(of state: LeaseState, by end: Int64) -> [LeaseState] {
        guard let holder = state.holder else { return [state] }
        var results: [LeaseState] = []
        if state.promisedUntil <= end {
            var ended = state
            ended.free(at: max(state.time, state.promisedUntil))
            results.append(ended)
            // Nothing is earlier than now.
            if state.promisedUntil <= state.time { return results }
        }
        for call in (open.releasesOf[holder] ?? []) + (open.forcesOf[state.fence] ?? [])
        where call.calledAt <= end && !state.used.contains(call.number) {
            var ended = state
            ended.free(at: max(state.time, call.calledAt))
            ended.use(call.number)
            results.append(ended)
        }
        return results
    }
}
