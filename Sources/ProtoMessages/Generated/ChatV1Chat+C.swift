// Generated from proto/chat/v1/chat.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension ChatRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ChatRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ChatRequest>? {
        chat__v1__chat_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ChatRequest>) throws(ProtoError) {
        message = try CReader.text(c.pointee.message, "chat.v1.ChatRequest.message")
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.ChatRequest.session_id")
        userID = try CReader.text(c.pointee.user_id, "chat.v1.ChatRequest.user_id")
        turnID = try CReader.text(c.pointee.turn_id, "chat.v1.ChatRequest.turn_id")
        if c.pointee.optional_system_prompt_case.rawValue == 5 {
            systemPrompt = try CReader.text(c.pointee.system_prompt, "chat.v1.ChatRequest.system_prompt")
        }
        model = try CReader.text(c.pointee.model, "chat.v1.ChatRequest.model")
        if c.pointee.optional_temperature_case.rawValue == 7 {
            temperature = c.pointee.temperature
        }
        maxOutputTokens = c.pointee.max_output_tokens
        whenBusy = WhenBusy(number: Int32(bitPattern: c.pointee.when_busy.rawValue))
        busyWaitMilliseconds = c.pointee.busy_wait_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ChatRequest>, _ arena: Arena) {
        chat__v1__chat_request__init(c)
        c.pointee.message = arena.text(message)
        c.pointee.session_id = arena.text(sessionID)
        c.pointee.user_id = arena.text(userID)
        c.pointee.turn_id = arena.text(turnID)
        if let systemPrompt {
            c.pointee.optional_system_prompt_case.rawValue = 5
            c.pointee.system_prompt = arena.text(systemPrompt)
        }
        c.pointee.model = arena.text(model)
        if let temperature {
            c.pointee.optional_temperature_case.rawValue = 7
            c.pointee.temperature = temperature
        }
        c.pointee.max_output_tokens = maxOutputTokens
        c.pointee.when_busy = Chat__V1__WhenBusy(rawValue: UInt32(bitPattern: whenBusy.number))
        c.pointee.busy_wait_milliseconds = busyWaitMilliseconds
    }
}

extension ChatReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ChatReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ChatReply>? {
        chat__v1__chat_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ChatReply>) throws(ProtoError) {
        text = try CReader.text(c.pointee.text, "chat.v1.ChatReply.text")
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.ChatReply.session_id")
        turnID = try CReader.text(c.pointee.turn_id, "chat.v1.ChatReply.turn_id")
        model = try CReader.text(c.pointee.model, "chat.v1.ChatReply.model")
        finishReason = FinishReason(number: Int32(bitPattern: c.pointee.finish_reason.rawValue))
        usage = try CReader.message(c.pointee.usage, as: TokenUsage.self)
        toolRuns = try CReader.messages(c.pointee.n_tool_runs, c.pointee.tool_runs, as: ToolRun.self)
        timing = try CReader.message(c.pointee.timing, as: TurnTiming.self)
        replayed = c.pointee.replayed != 0
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ChatReply>, _ arena: Arena) {
        chat__v1__chat_reply__init(c)
        c.pointee.text = arena.text(text)
        c.pointee.session_id = arena.text(sessionID)
        c.pointee.turn_id = arena.text(turnID)
        c.pointee.model = arena.text(model)
        c.pointee.finish_reason = Chat__V1__FinishReason(rawValue: UInt32(bitPattern: finishReason.number))
        if let usage { c.pointee.usage = arena.message(usage) }
        c.pointee.n_tool_runs = toolRuns.count
        c.pointee.tool_runs = arena.messages(toolRuns)
        if let timing { c.pointee.timing = arena.message(timing) }
        c.pointee.replayed = replayed ? 1 : 0
    }
}

extension TokenUsage: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.TokenUsage" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__TokenUsage>? {
        chat__v1__token_usage__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__TokenUsage>) throws(ProtoError) {
        inputTokens = c.pointee.input_tokens
        outputTokens = c.pointee.output_tokens
        cachedInputTokens = c.pointee.cached_input_tokens
        reasoningTokens = c.pointee.reasoning_tokens
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__TokenUsage>, _ arena: Arena) {
        chat__v1__token_usage__init(c)
        c.pointee.input_tokens = inputTokens
        c.pointee.output_tokens = outputTokens
        c.pointee.cached_input_tokens = cachedInputTokens
        c.pointee.reasoning_tokens = reasoningTokens
    }
}

extension ToolRun: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ToolRun" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ToolRun>? {
        chat__v1__tool_run__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ToolRun>) throws(ProtoError) {
        callID = try CReader.text(c.pointee.call_id, "chat.v1.ToolRun.call_id")
        name = try CReader.text(c.pointee.name, "chat.v1.ToolRun.name")
        arguments = try CReader.text(c.pointee.arguments, "chat.v1.ToolRun.arguments")
        output = try CReader.text(c.pointee.output, "chat.v1.ToolRun.output")
        outputTruncated = c.pointee.output_truncated != 0
        outcome = ToolOutcome(number: Int32(bitPattern: c.pointee.outcome.rawValue))
        errorMessage = try CReader.text(c.pointee.error_message, "chat.v1.ToolRun.error_message")
        durationMicroseconds = c.pointee.duration_microseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ToolRun>, _ arena: Arena) {
        chat__v1__tool_run__init(c)
        c.pointee.call_id = arena.text(callID)
        c.pointee.name = arena.text(name)
        c.pointee.arguments = arena.text(arguments)
        c.pointee.output = arena.text(output)
        c.pointee.output_truncated = outputTruncated ? 1 : 0
        c.pointee.outcome = Chat__V1__ToolOutcome(rawValue: UInt32(bitPattern: outcome.number))
        c.pointee.error_message = arena.text(errorMessage)
        c.pointee.duration_microseconds = durationMicroseconds
    }
}

extension TurnTiming: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.TurnTiming" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__TurnTiming>? {
        chat__v1__turn_timing__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__TurnTiming>) throws(ProtoError) {
        queueMicroseconds = c.pointee.queue_microseconds
        lockMicroseconds = c.pointee.lock_microseconds
        storeMicroseconds = c.pointee.store_microseconds
        firstTokenMicroseconds = c.pointee.first_token_microseconds
        totalMicroseconds = c.pointee.total_microseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__TurnTiming>, _ arena: Arena) {
        chat__v1__turn_timing__init(c)
        c.pointee.queue_microseconds = queueMicroseconds
        c.pointee.lock_microseconds = lockMicroseconds
        c.pointee.store_microseconds = storeMicroseconds
        c.pointee.first_token_microseconds = firstTokenMicroseconds
        c.pointee.total_microseconds = totalMicroseconds
    }
}

extension ChatEvent: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ChatEvent" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ChatEvent>? {
        chat__v1__chat_event__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ChatEvent>) throws(ProtoError) {
        sequence = c.pointee.sequence
        switch c.pointee.event_case.rawValue {
        case 2: event = try CReader.message(c.pointee.started, as: TurnStarted.self).map { .started($0) }
        case 3: event = .text(try CReader.text(c.pointee.text, "chat.v1.ChatEvent.text"))
        case 4: event = .reasoning(try CReader.text(c.pointee.reasoning, "chat.v1.ChatEvent.reasoning"))
        case 5: event = try CReader.message(c.pointee.tool_started, as: ToolStarted.self).map { .toolStarted($0) }
        case 6: event = try CReader.message(c.pointee.tool_finished, as: ToolRun.self).map { .toolFinished($0) }
        case 7: event = try CReader.message(c.pointee.heartbeat, as: Heartbeat.self).map { .heartbeat($0) }
        case 8: event = try CReader.message(c.pointee.finished, as: TurnFinished.self).map { .finished($0) }
        default: event = nil
        }
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ChatEvent>, _ arena: Arena) {
        chat__v1__chat_event__init(c)
        c.pointee.sequence = sequence
        switch event {
        case .started(let value):
            c.pointee.event_case.rawValue = 2
            c.pointee.started = arena.message(value)
        case .text(let value):
            c.pointee.event_case.rawValue = 3
            c.pointee.text = arena.text(value)
        case .reasoning(let value):
            c.pointee.event_case.rawValue = 4
            c.pointee.reasoning = arena.text(value)
        case .toolStarted(let value):
            c.pointee.event_case.rawValue = 5
            c.pointee.tool_started = arena.message(value)
        case .toolFinished(let value):
            c.pointee.event_case.rawValue = 6
            c.pointee.tool_finished = arena.message(value)
        case .heartbeat(let value):
            c.pointee.event_case.rawValue = 7
            c.pointee.heartbeat = arena.message(value)
        case .finished(let value):
            c.pointee.event_case.rawValue = 8
            c.pointee.finished = arena.message(value)
        case nil: break
        }
    }
}

extension TurnStarted: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.TurnStarted" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__TurnStarted>? {
        chat__v1__turn_started__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__TurnStarted>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.TurnStarted.session_id")
        turnID = try CReader.text(c.pointee.turn_id, "chat.v1.TurnStarted.turn_id")
        model = try CReader.text(c.pointee.model, "chat.v1.TurnStarted.model")
        replayed = c.pointee.replayed != 0
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__TurnStarted>, _ arena: Arena) {
        chat__v1__turn_started__init(c)
        c.pointee.session_id = arena.text(sessionID)
        c.pointee.turn_id = arena.text(turnID)
        c.pointee.model = arena.text(model)
        c.pointee.replayed = replayed ? 1 : 0
    }
}

extension ToolStarted: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ToolStarted" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ToolStarted>? {
        chat__v1__tool_started__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ToolStarted>) throws(ProtoError) {
        callID = try CReader.text(c.pointee.call_id, "chat.v1.ToolStarted.call_id")
        name = try CReader.text(c.pointee.name, "chat.v1.ToolStarted.name")
        arguments = try CReader.text(c.pointee.arguments, "chat.v1.ToolStarted.arguments")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ToolStarted>, _ arena: Arena) {
        chat__v1__tool_started__init(c)
        c.pointee.call_id = arena.text(callID)
        c.pointee.name = arena.text(name)
        c.pointee.arguments = arena.text(arguments)
    }
}

extension Heartbeat: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.Heartbeat" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__Heartbeat>? {
        chat__v1__heartbeat__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__Heartbeat>) throws(ProtoError) {
        elapsedMilliseconds = c.pointee.elapsed_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__Heartbeat>, _ arena: Arena) {
        chat__v1__heartbeat__init(c)
        c.pointee.elapsed_milliseconds = elapsedMilliseconds
    }
}

extension TurnFinished: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.TurnFinished" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__TurnFinished>? {
        chat__v1__turn_finished__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__TurnFinished>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.TurnFinished.session_id")
        turnID = try CReader.text(c.pointee.turn_id, "chat.v1.TurnFinished.turn_id")
        model = try CReader.text(c.pointee.model, "chat.v1.TurnFinished.model")
        finishReason = FinishReason(number: Int32(bitPattern: c.pointee.finish_reason.rawValue))
        usage = try CReader.message(c.pointee.usage, as: TokenUsage.self)
        toolRuns = try CReader.messages(c.pointee.n_tool_runs, c.pointee.tool_runs, as: ToolRun.self)
        timing = try CReader.message(c.pointee.timing, as: TurnTiming.self)
        replayed = c.pointee.replayed != 0
        textBytes = c.pointee.text_bytes
        textCrc32 = c.pointee.text_crc32
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__TurnFinished>, _ arena: Arena) {
        chat__v1__turn_finished__init(c)
        c.pointee.session_id = arena.text(sessionID)
        c.pointee.turn_id = arena.text(turnID)
        c.pointee.model = arena.text(model)
        c.pointee.finish_reason = Chat__V1__FinishReason(rawValue: UInt32(bitPattern: finishReason.number))
        if let usage { c.pointee.usage = arena.message(usage) }
        c.pointee.n_tool_runs = toolRuns.count
        c.pointee.tool_runs = arena.messages(toolRuns)
        if let timing { c.pointee.timing = arena.message(timing) }
        c.pointee.replayed = replayed ? 1 : 0
        c.pointee.text_bytes = textBytes
        c.pointee.text_crc32 = textCrc32
    }
}

extension CancelTurnRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.CancelTurnRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__CancelTurnRequest>? {
        chat__v1__cancel_turn_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__CancelTurnRequest>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.CancelTurnRequest.session_id")
        turnID = try CReader.text(c.pointee.turn_id, "chat.v1.CancelTurnRequest.turn_id")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__CancelTurnRequest>, _ arena: Arena) {
        chat__v1__cancel_turn_request__init(c)
        c.pointee.session_id = arena.text(sessionID)
        c.pointee.turn_id = arena.text(turnID)
    }
}

extension CancelTurnReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.CancelTurnReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__CancelTurnReply>? {
        chat__v1__cancel_turn_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__CancelTurnReply>) throws(ProtoError) {
        outcome = CancelOutcome(number: Int32(bitPattern: c.pointee.outcome.rawValue))
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__CancelTurnReply>, _ arena: Arena) {
        chat__v1__cancel_turn_reply__init(c)
        c.pointee.outcome = Chat__V1__CancelOutcome(rawValue: UInt32(bitPattern: outcome.number))
    }
}

