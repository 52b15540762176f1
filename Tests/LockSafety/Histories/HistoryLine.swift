// A history on its way from the process that calls to the one that checks: a line when a call begins, and one when it
// returns. A process that is killed leaves the first without the second.

package enum HistoryLine {
    /// Half of a call.
    package enum Half: Sendable, Equatable {
        case call(number: Int, key: String, calledAt: Int64, LockOperation.Request)
        case answer(number: Int, returnedAt: Int64, LockOperation.Outcome)
        /// Nothing was sent, so nothing happened.
        case withdrawn(number: Int)
    }

    package static func text(_ half: Half) -> String {
        switch half {
        case .call(let number, let key, let calledAt, let request):
            "call \(number) \(calledAt) \(key) \(words(request))"
        case .answer(let number, let returnedAt, let outcome): "answer \(number) \(returnedAt) \(words(outcome))"
        case .withdrawn(let number): "withdrawn \(number)"
        }
    }

    /// Nil for a line that is none.
    package static func half(_ text: some StringProtocol) -> Half? {
        let words = text.split(separator: " " as Character).map { String($0) }
        guard words.count >= 2, let number = Int(words[1]) else { return nil }
        switch (words[0], words.count) {
        case ("withdrawn", 2): return .withdrawn(number: number)
        case ("call", 5...):
            guard let calledAt = Int64(words[2]), let request = request(words[4...]) else { return nil }
            return .call(number: number, key: words[3], calledAt: calledAt, request)
        case ("answer", 4...):
            guard let returnedAt = Int64(words[2]), let outcome = outcome(words[3...]) else { return nil }
            return .answer(number: number, returnedAt: returnedAt, outcome)
        default: return nil
        }
    }

    // MARK: Words

    private static func words(_ request: LockOperation.Request) -> String {
        switch request {
        case .acquire(let holder): "acquire \(holder)"
        case .renew(let holder): "renew \(holder)"
        case .release(let holder): "release \(holder)"
        case .inspect: "inspect"
        case .force(let fence): "force \(fence)"
        }
    }

    private static func request(_ words: ArraySlice<String>) -> LockOperation.Request? {
        guard let last = words.last, let first = words.first, words.count <= 2 else { return nil }
        return switch first {
        case "acquire": .acquire(holder: last)
        case "renew": .renew(holder: last)
        case "release": .release(holder: last)
        case "inspect": .inspect
        case "force": UInt64(last).map { .force(fence: $0) }
        default: nil
        }
    }

    private static func words(_ outcome: LockOperation.Outcome) -> String {
        switch outcome {
        case .granted(let fence, let validity): "granted \(fence) \(validity)"
        case .refused(let other): "refused \(words(other))"
        case .lost: "lost"
        case .done: "done"
        case .doneOrLost: "done-or-lost"
        case .free: "free"
        case .held(let other): "held \(words(other))"
        case .unknown: "unknown"
        }
    }

    private static func words(_ seen: LockOperation.Seen) -> String {
        "\(seen.fence.map(String.init) ?? "-") \(seen.holder ?? "-")"
    }

    private static func outcome(_ words: ArraySlice<String>) -> LockOperation.Outcome? {
        let words = Array(words)
        switch (words[0], words.count) {
        case ("granted", 3):
            guard let fence = UInt64(words[1]), let validity = Int64(words[2]) else { return nil }
            return .granted(fence: fence, validity: validity)
        case ("refused", 3): return .refused(seen(words))
        case ("held", 3): return .held(seen(words))
        case ("lost", 1): return .lost
        case ("done", 1): return .done
        case ("done-or-lost", 1): return .doneOrLost
        case ("free", 1): return .free
        case ("unknown", 1): return .unknown
        default: return nil
        }
    }

    private static func seen(_ words: [String]) -> LockOperation.Seen {
        LockOperation.Seen(fence: UInt64(words[1]), holder: words[2] == "-" ? nil : words[2])
    }
}

/// Puts the halves of one process together.
package struct HistoryReader: Sendable {
    private var pending: [Int: LockOperation] = [:]
    private var complete: [LockOperation] = []

    package init() {}

    /// True when the last call that was answered is an acquire.
    package var lastWasAcquire: Bool {
        if case .acquire = complete.last?.request { true } else { false }
    }

    /// Takes a line.
    ///
    /// - Returns: what it said; nil where it makes no sense after the ones before.
    package mutating func read(_ line: some StringProtocol) -> HistoryLine.Half? {
        guard let half = HistoryLine.half(line) else { return nil }
        switch half {
        case .call(let number, let key, let calledAt, let request):
            pending[number] = LockOperation(
                key: key, calledAt: calledAt, returnedAt: nil, request: request, outcome: .unknown)
        case .answer(let number, let returnedAt, let outcome):
            guard var operation = pending.removeValue(forKey: number) else { return nil }
            operation.returnedAt = returnedAt
            operation.outcome = outcome
            complete.append(operation)
        case .withdrawn(let number):
            guard pending.removeValue(forKey: number) != nil else { return nil }
        }
        return half
    }

    /// All calls up to now; those without an answer are open.
    package var operations: [LockOperation] { complete + pending.values }
}
