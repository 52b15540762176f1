// ChatService/StreamChat: a turn whose answer is sent as it is written. Here the events get their numbers, the signs of
// life between them, and the text's length and checksum at the end.

internal import ChatEngine
internal import IOLoop
internal import ProtoMessages
internal import RPC

extension ChatService {
    func streamChat(_ request: ChatRequest, events: ResponseStream<ChatEvent>, context: CallContext) async throws {
        let turn = try TurnRequest(request, context: context, streams: true)
        guard let loop = IOLoop.current else { preconditionFailure("a call runs on a loop") }
        let writer = ChatEventWriter(events, on: loop, startedAt: context.receivedAt)
        defer { writer.stopHeartbeats() }
        let reply = try await observed {
            try await engine.runTurn(turn, cancel: { context.cancelTask() }) { event in
                try await writer.send(writer.message(event))
            }
        }
        try await writer.finish(reply)
    }
}

/// Numbers a stream's events and sends heartbeats while there are none. On the call's loop only.
private final class ChatEventWriter {
    private let events: ResponseStream<ChatEvent>
    private let loop: IOLoop
    private let startedAt: ContinuousClock.Instant
    private var sequence: UInt64 = 0
    private var textBytes: UInt64 = 0
    private var checksum = CRC32()
    private var lastSent: ContinuousClock.Instant
    private var heartbeat: LoopTimer?
    /// An event waits for room or is on its way: whatever else went out now would overtake it.
    private var isSending = false

    init(_ events: ResponseStream<ChatEvent>, on loop: IOLoop, startedAt: ContinuousClock.Instant) {
        self.events = events
        self.loop = loop
        self.startedAt = startedAt
        lastSent = loop.now
        scheduleHeartbeat(at: lastSent + ChatService.heartbeatInterval)
    }

    /// What the caller is told of an event of the turn; text is counted.
    func message(_ event: TurnEvent) -> ChatEvent.Event {
        switch event {
        case .started(let started): return .started(TurnStartedMessage(started))
        case .text(let text):
            textBytes += UInt64(text.utf8.count)
            checksum.update(text)
            return .text(text)
        case .reasoning(let text): return .reasoning(text)
        case .toolStarted(let call):
            return .toolStarted(ToolStarted(callID: call.id, name: call.name, arguments: call.arguments))
        case .toolFinished(let run): return .toolFinished(ToolRunMessage(run))
        }
    }

    func finish(_ reply: TurnReply) async throws {
        try await send(.finished(TurnFinished(reply, textBytes: textBytes, checksum: checksum.value)))
    }

    func send(_ event: ChatEvent.Event) async throws {
        sequence += 1
        lastSent = loop.now
        isSending = true
        defer { isSending = false }
        try await events.send(ChatEvent(sequence: sequence, event: event))
    }

    // MARK: Heartbeats

    private func scheduleHeartbeat(at instant: ContinuousClock.Instant) {
        nonisolated(unsafe) let writer = self  // Timers of this loop run on this loop.
        heartbeat = loop.schedule(at: instant) { writer.beat() }
    }

    private func beat() {
        // A caller that does not read needs no sign of life.
        guard !isSending else { return scheduleHeartbeat(at: loop.now + ChatService.heartbeatInterval) }
        if loop.now - lastSent >= ChatService.heartbeatInterval {
            lastSent = loop.now
            let elapsed = (loop.now - startedAt).components
            let event = ChatEvent(
                sequence: sequence + 1,
                event: .heartbeat(
                    Heartbeat(
                        elapsedMilliseconds: UInt64(
                            elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000))))
            // The number is only used up when it goes out.
            if events.offer(event) { sequence += 1 }
        }
        scheduleHeartbeat(at: lastSent + ChatService.heartbeatInterval)
    }

    func stopHeartbeats() {
        heartbeat?.cancel()
        heartbeat = nil
    }
}
