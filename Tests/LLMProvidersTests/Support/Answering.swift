// Asks a model and keeps all it said.

import ChatEngine
import Testing

/// An answer with its events, or the error that ended it.
struct Answer: Sendable {
    var events: [ModelEvent] = []
    var completion: ModelCompletion?
    var error: (any Error)?

    var modelError: ModelError? { error as? ModelError }

    var text: String {
        events.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    var reasoning: String {
        events.reduce(into: "") { if case .reasoning(let text) = $1 { $0 += text } }
    }
}

/// Asks `model` and collects.
func ask(_ model: any ChatModel, _ request: ModelRequest = .question("hi")) async -> Answer {
    var answer = Answer()
    do {
        answer.completion = try await model.answer(request) { answer.events.append($0) }
    } catch {
        answer.error = error
    }
    return answer
}

extension ModelRequest {
    static func question(
        _ text: String, streams: Bool = true, deadline: ContinuousClock.Instant? = nil
    ) -> ModelRequest {
        ModelRequest(messages: [PromptMessage(role: .user, text: text)], streams: streams, deadline: deadline)
    }
}
