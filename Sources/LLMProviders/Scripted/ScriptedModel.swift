// A model that plays a script: the same answers and faults in the same order, for callers' own tests and for measuring
// everything but a model. Runs on the caller's actor; the place in the script is shared by all callers.

package import ChatEngine
internal import Synchronization

/// Plays one answer of its script per request, in the order in which requests come.
package final class ScriptedModel: ChatModel {
    private let script: ModelScript
    private let clock: any EngineClock
    private let timeLimits: ModelTimeLimits
    /// Requests so far. Relaxed: the number is all that is shared.
    private let requests = Atomic<Int>(0)

    package init(_ script: ModelScript, clock: any EngineClock, timeLimits: ModelTimeLimits = .standard) {
        self.script = script
        self.clock = clock
        self.timeLimits = timeLimits
    }

    package var name: String { script.model }

    package func answer(
        _ request: ModelRequest, emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        let number = requests.wrappingAdd(1, ordering: .relaxed).oldValue
        guard script.repeats || number < script.answers.count else {
            throw ModelError(.unavailable, "the script has ended after \(script.answers.count) answers")
        }
        let answer = script.answers[number % script.answers.count]
        let totalBy = clock.now + timeLimits.total
        let deadline = min(totalBy, request.deadline ?? totalBy)
        try await wait(answer.beforeFirst, limit: timeLimits.firstContent, deadline)
        for (index, event) in answer.events.enumerated() {
            if index > 0 { try await wait(answer.interval, limit: timeLimits.idle, deadline) }
            try Task.checkCancellation()
            try await emit(event)
        }
        let reason: FinishReason
        switch answer.ending {
        case .finish(let finishReason): reason = finishReason
        case .error(let error): throw error
        case .cut: throw ModelError(.interrupted, "the script cuts this answer")
        case .stall:
            let limit = answer.events.isEmpty ? timeLimits.firstContent : timeLimits.idle
            try await wait(nil, limit: limit, deadline)
            preconditionFailure("a wait without a length ends with an error")
        }
        var usage = TokenUsage()
        usage.inputTokens = request.messages.reduce(0) { $0 + OfflineModel.wordCount(of: $1.text) }
        usage.outputTokens = answer.events.count
        usage.reasoningTokens = answer.events.count { if case .reasoning = $0 { true } else { false } }
        return ModelCompletion(
            model: request.model ?? name, finishReason: reason, usage: usage, toolCalls: answer.toolCalls)
    }

    /// Waits as long as the script says, or for ever, up to the limits of a real model.
    private func wait(_ duration: Duration?, limit: Duration, _ deadline: ContinuousClock.Instant) async throws {
        if duration == .zero { return }
        let now = clock.now
        let timeout = min(now + limit, deadline)
        if let duration, now + duration < timeout { return try await clock.pause(until: now + duration) }
        try await clock.pause(until: timeout)
        throw ModelError(.timedOut, "the script was silent for longer than the time limit")
    }
}
