// Is there an order of all calls on a lock, each at a moment between its call and its return, in which every answer is
// right? Wing and Gong's search with the memory of Lowe: a set of calls that led to a state is not tried again. Keys
// have nothing to do with each other, so each is searched alone. The model is in LeaseState.swift.

/// What a search found.
package enum LeaseVerdict: Sendable, Equatable {
    case legal
    /// No order exists; in words, how far the best one came, and the calls that do not fit behind it.
    case illegal(String)
}

/// The search met its bound: nothing is known of the history.
package struct SearchGaveUp: Error, Sendable, CustomStringConvertible {
    package var key: String
    package var operations: Int
    package var configurations: Int

    package var description: String {
        "the search over \(operations) calls on \(key) gave up after \(configurations) configurations; "
            + "neither right nor wrong was shown: check a shorter history, or raise the bound"
    }
}

package struct LeaseSearch {
    /// A second of work, and some hundred megabytes at most. A history of real calls takes about one for each call.
    package static let configurationsMax = 1_000_000
    /// Clocks of servers and stores count whole milliseconds, some of them twice on the way.
    package static let tolerance: Int64 = 5_000_000

    /// Some of the calls have been put in order.
    private struct Configuration {
        /// All calls below this index are in order.
        var base = 0
        /// And these, in ascending order.
        var ahead: [Int] = []
        var state = LeaseState()
        var count: Int { base + ahead.count }
    }
    /// A configuration without its times: of two that differ in nothing else the earlier one can do all that the later
    /// one can.
    private struct Memory: Hashable {
        var base: Int
        var ahead: [Int]
        var state: LeaseState
    }
    private struct Times {
        var time: Int64
        var promisedUntil: Int64
    }

    private let key: String
    /// In the order in which they were called.
    private let calls: [AnsweredCall]
    private let operations: [LockOperation]
    private let rules: LeaseRules
    private var visited: [Memory: [Times]] = [:]

    /// Checks a history of any number of keys.
    ///
    /// - Returns: the first key's fault, by name.
    package static func check(
        _ history: [LockOperation], configurationsMax: Int = configurationsMax, tolerance: Int64 = tolerance
    ) throws(SearchGaveUp) -> LeaseVerdict {
        let keys = Dictionary(grouping: history, by: \.key)
        for key in keys.keys.sorted() {
            var search = LeaseSearch(key, keys[key] ?? [], tolerance: tolerance)
            let verdict = try search.run(configurationsMax)
            if verdict != .legal { return verdict }
        }
        return .legal
    }

    private init(_ key: String, _ history: [LockOperation], tolerance: Int64) {
        self.key = key
        var numbers: [String: Int] = [:]
        let number = { (holder: String) in
            if let known = numbers[holder] { return known }
            numbers[holder] = numbers.count
            return numbers.count - 1
        }
        let sorted = history.sorted { $0.calledAt < $1.calledAt }
        operations = sorted.filter { $0.answeredAt != nil }
        calls = operations.map { Self.answered($0, number) }
        var open = OpenCalls()
        for operation in sorted where operation.answeredAt == nil { open.add(operation, number) }
        rules = LeaseRules(open: open, tolerance: tolerance)
    }

    private mutating func run(_ configurationsMax: Int) throws(SearchGaveUp) -> LeaseVerdict {
        var stack = [Configuration()]
        var best = Configuration()
        var tried = 0
        while let configuration = stack.popLast() {
            if configuration.base == calls.count { return .legal }
            guard isNew(configuration) else { continue }
            tried += 1
            guard tried <= configurationsMax else {
                throw SearchGaveUp(key: key, operations: operations.count, configurations: configurationsMax)
            }
            if configuration.count > best.count { best = configuration }
            // The likeliest last, which is tried first.
            for index in candidates(configuration).reversed() {
                for state in rules.states(after: calls[index], from: configuration.state).reversed() {
                    stack.append(step(configuration, index, state))
                }
            }
        }
        return .illegal(words(best))
    }

    /// The calls that can be next: no other one returned before they were called. Those that return first come first.
    private func candidates(_ configuration: Configuration) -> [Int] {
        var found: [Int] = []
        var firstReturn = Int64.max
        var ahead = configuration.ahead[...]
        for index in configuration.base..<calls.count {
            if ahead.first == index {
                ahead = ahead.dropFirst()
                continue
            }
            guard calls[index].calledAt <= firstReturn else { break }
            firstReturn = min(firstReturn, calls[index].answeredAt)
            found.append(index)
        }
        return found.filter { calls[$0].calledAt <= firstReturn }
            .sorted { calls[$0].answeredAt < calls[$1].answeredAt }
    }

    private func step(_ configuration: Configuration, _ index: Int, _ state: LeaseState) -> Configuration {
        var next = configuration
        next.state = state
        if index == next.base {
            next.base += 1
            while next.ahead.first == next.base {
                next.ahead.removeFirst()
                next.base += 1
            }
        } else {
            next.ahead.insert(index, at: next.ahead.firstIndex { $0 > index } ?? next.ahead.count)
        }
        return next
    }

    private mutating func isNew(_ configuration: Configuration) -> Bool {
        let times = Times(time: configuration.state.time, promisedUntil: configuration.state.promisedUntil)
        var state = configuration.state
        state.time = 0
        state.promisedUntil = 0
        let memory = Memory(base: configuration.base, ahead: configuration.ahead, state: state)
        let known = visited[memory] ?? []
        guard !known.contains(where: { $0.time <= times.time && $0.promisedUntil <= times.promisedUntil }) else {
            return false
        }
        visited[memory, default: []].append(times)
        return true
    }

    // MARK: Words

    private static let callsShown = 12

    private func words(_ best: Configuration) -> String {
        let state = best.state
        let holder = state.holder == nil ? "free" : "held with fence \(state.fence) until \(state.promisedUntil)"
        let before = operations[..<best.base].suffix(Self.callsShown).map { "  \($0)" }
        let pending = candidates(best).prefix(Self.callsShown).map { "  \(operations[$0])" }
        return
            ([
                "\(key): no order of the \(calls.count) answered calls fits; the best has \(best.count) of them, and "
                    + "then at \(state.time) the lock is \(holder) (greatest fence \(state.lastFence)); before it:"
            ]
            + before + ["none of these can be next:"] + pending).joined(separator: "\n")
    }

    // MARK: Reading a history

    private static func answered(_ operation: LockOperation, _ number: (String) -> Int) -> AnsweredCall {
        guard let answeredAt = operation.answeredAt, let effect = effect(operation, number) else {
            preconditionFailure("\(operation) is no answer to its call")
        }
        return AnsweredCall(calledAt: operation.calledAt, answeredAt: answeredAt, effect: effect)
    }

    private static func effect(_ operation: LockOperation, _ number: (String) -> Int) -> AnsweredCall.Effect? {
        func seen(_ other: LockOperation.Seen) -> SeenLease {
            SeenLease(fence: other.fence, holder: other.holder.map { number($0) })
        }
        return switch (operation.request, operation.outcome) {
        case (.acquire(let holder), .granted(let fence, let validity)):
            .granted(holder: number(holder), fence: fence, validity: validity)
        case (.acquire(let holder), .refused(let other)): .refused(holder: number(holder), seen(other))
        case (.renew(let holder), .granted(let fence, let validity)):
            .renewed(holder: number(holder), fence: fence, validity: validity)
        case (.renew(let holder), .lost), (.release(let holder), .lost): .lostLease(holder: number(holder))
        case (.release(let holder), .done): .released(holder: number(holder))
        case (.release(let holder), .doneOrLost): .releasedOrLost(holder: number(holder))
        case (.inspect, .free): .free
        case (.inspect, .held(let other)): .held(seen(other))
        case (.force(let fence), .done): .forced(fence: fence)
        case (.force(let fence), .lost): .noSuchFence(fence)
        default: nil
        }
    }
}

extension OpenCalls {
    mutating func add(_ operation: LockOperation, _ number: (String) -> Int) {
        var call = Call(number: count, calledAt: operation.calledAt, holder: -1)
        count += 1
        switch operation.request {
        case .acquire(let holder):
            call.holder = number(holder)
            acquires.append(call)
            acquiresOf[call.holder, default: []].append(call)
        case .release(let holder): releasesOf[number(holder), default: []].append(call)
        case .force(let fence): forcesOf[fence, default: []].append(call)
        // Changes nothing: see the model.
        case .renew, .inspect: break
        }
    }
}
