// Counts finished and failed turns.

internal import ChatEngine
internal import Metrics

extension ChatService {
    /// Runs a turn and records where its time went.
    func observed(_ turn: () async throws -> TurnReply) async throws -> TurnReply {
        do {
            let reply = try await turn()
            record(reply)
            return reply
        } catch {
            if let error = error as? EngineError, case .model = error.kind { metrics.modelRequestsFailed.increment() }
            throw error
        }
    }

    private func record(_ reply: TurnReply) {
        // A stored answer took none of these times; it would make them look better than they are.
        if reply.replayed { return metrics.turnsReplayed.increment() }
        metrics.turnQueueDuration.recordMicroseconds(reply.timing.queueMicroseconds)
        metrics.turnLockDuration.recordMicroseconds(reply.timing.lockMicroseconds)
        metrics.turnStoreDuration.recordMicroseconds(reply.timing.storeMicroseconds)
        // Zero where the model said nothing.
        if reply.timing.firstTokenMicroseconds > 0 {
            metrics.turnFirstTokenDuration.recordMicroseconds(reply.timing.firstTokenMicroseconds)
        }
        metrics.turnDuration.recordMicroseconds(reply.timing.totalMicroseconds)
        metrics.modelInputTokens.increment(by: reply.usage.inputTokens)
        metrics.modelOutputTokens.increment(by: reply.usage.outputTokens)
    }
}
