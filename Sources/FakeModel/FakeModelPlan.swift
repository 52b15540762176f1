// A script turned into what a connection does: bytes, pauses and an end. Pure, so that the plan of a script is made
// once and played for every request that asks the same.

/// What a connection does for one request, in order. The bytes are ready for the socket, headers and chunk framing
/// included.
struct FakeModelPlan: Sendable {
    enum Action: Sendable {
        case bytes([UInt8], tokens: Int)
        /// One token, whose time of sending is written into the bytes from this place on.
        case stamped([UInt8], place: Int)
        case pause(Duration)
        case cut
        case reset
        case stall
    }

    /// Adjacent bytes are joined up to this size, so that a fast answer takes few writes and a slow reader still stops
    /// it early.
    private static let pieceBytes = 32 * 1024

    fileprivate(set) var actions: [Action] = []

    private mutating func append(_ bytes: some Sequence<UInt8>, tokens: Int = 0) {
        if case .bytes(var piece, let count)? = actions.last, piece.count < Self.pieceBytes {
            // Taken out first, so that the piece grows in place.
            actions.removeLast()
            piece.append(contentsOf: bytes)
            actions.append(.bytes(piece, tokens: count + tokens))
        } else {
            actions.append(.bytes(Array(bytes), tokens: tokens))
        }
    }

    private mutating func pause(_ duration: Duration) {
        if duration > .zero { actions.append(.pause(duration)) }
    }

    /// What the request says about its answer.
    struct Question: Hashable, Sendable {
        var model = "fake"
        var streams = false
        var includesUsage = false
        var message = ""
    }

    init(_ script: FakeModelScript, for question: Question) {
        switch script.opening {
        case .atOnce: break
        case .after(let duration): pause(duration)
        case .never:
            actions.append(.stall)
            return
        case .closed:
            actions.append(.cut)
            return
        }
        let text = FakeModelText(model: question.model, quirks: script.quirks)
        if let body = script.body {
            append(Self.response(script.status, script.headers, body: body))
        } else if question.streams {
            append(
                Self.head(
                    script.status,
                    [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")] + script.headers))
            var stream = StreamPlanner(script: script, text: text, question: question)
            stream.play(into: &self)
        } else {
            planCompletion(script, text, question)
        }
    }

    /// A plan of one response.
    init(response: [UInt8]) { actions = [.bytes(response, tokens: 0)] }

    /// A whole response with a JSON body.
    static func response(_ status: Int, _ headers: [(name: String, value: String)] = [], body: String) -> [UInt8] {
        var bytes = head(
            status, [("Content-Type", "application/json"), ("Content-Length", String(body.utf8.count))] + headers)
        bytes.append(contentsOf: body.utf8)
        return bytes
    }

    private static func head(_ status: Int, _ headers: [(name: String, value: String)]) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(status < 400 ? "OK" : "Error")\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// The same steps as one text; a fault comes after the first half of it.
    private mutating func planCompletion(
        _ script: FakeModelScript, _ text: FakeModelText, _ question: Question
    ) {
        var answer = FakeModelAnswer()
        var fault: Action?
        var error: String?
        for step in script.steps where fault == nil {
            switch step {
            case .token(let token): answer.add(token)
            case .tokens(let count): for index in 0..<count { answer.add("t\(index) ") }
            case .stampedTokens(let count): for _ in 0..<count { answer.add(FakeModelStamp.blank) }
            case .echo: for word in Self.echo(question) { answer.add(word) }
            case .reasoning(let words): answer.reasoning += words
            case .toolCall(let id, let name, let arguments):
                answer.toolCalls.append((id, name, arguments.joined()))
            case .finish(let reason): answer.finish = reason
            case .pause(let duration): pause(duration)
            case .error(let message, let type): error = FakeModelText.error(message: message, type: type, code: nil)
            case .cut: fault = .cut
            case .reset: fault = .reset
            case .stall: fault = .stall
            case .role, .usage, .done, .comment, .data, .raw: break
            }
        }
        pause(script.interval * answer.tokens)
        let bytes = Self.response(script.status, script.headers, body: error ?? text.completion(answer))
        if let fault {
            append(bytes.prefix(bytes.count - 20))
            actions.append(fault)
        } else {
            append(bytes, tokens: answer.tokens)
        }
    }

    static func echo(_ question: Question) -> [String] {
        ["echo:"] + question.message.split(separator: " ").map { " \($0)" }
    }

    /// Plays the steps as events in chunks.
    private struct StreamPlanner {
        let script: FakeModelScript
        let text: FakeModelText
        let question: Question
        private var tokens = 0
        private var toolCalls = 0

        init(script: FakeModelScript, text: FakeModelText, question: Question) {
            self.script = script
            self.text = text
            self.question = question
        }

        private var lineEnd: String { script.quirks.contains(.carriageReturns) ? "\r\n" : "\n" }
        private var space: String { script.quirks.contains(.noSpaceAfterColon) ? "" : " " }

        private func chunk(_ body: String) -> [UInt8] {
            Array("\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n".utf8)
        }

        private func event(_ data: String, field: String = "data") -> [UInt8] {
            chunk("\(field):\(space)\(data)\(lineEnd)\(lineEnd)")
        }

        private mutating func add(_ token: String, to plan: inout FakeModelPlan) {
            if tokens > 0 { plan.pause(script.interval) }
            tokens += 1
            plan.append(event(text.content(token)), tokens: 1)
        }

        private mutating func addStamped(to plan: inout FakeModelPlan) {
            if tokens > 0 { plan.pause(script.interval) }
            tokens += 1
            let bytes = event(text.content(FakeModelStamp.blank))
            guard let place = FakeModelStamp.place(in: bytes) else {
                preconditionFailure("a stamp needs no escapes in JSON")
            }
            plan.actions.append(.stamped(bytes, place: place))
        }

        mutating func play(into plan: inout FakeModelPlan) {
            if script.quirks.contains(.azureChunks) {
                for data in text.azureChunks() { plan.append(event(data)) }
            }
            for step in script.steps {
                guard play(step, into: &plan) else { return }
            }
            plan.append(Array("0\r\n\r\n".utf8))
        }

        /// False when nothing follows.
        private mutating func play(_ step: FakeModelScript.Step, into plan: inout FakeModelPlan) -> Bool {
            switch step {
            case .role: plan.append(event(text.role()))
            case .token(let token): add(token, to: &plan)
            case .tokens(let count): for index in 0..<count { add("t\(index) ", to: &plan) }
            case .stampedTokens(let count): for _ in 0..<count { addStamped(to: &plan) }
            case .echo: for word in FakeModelPlan.echo(question) { add(word, to: &plan) }
            case .reasoning(let words): plan.append(event(text.reasoning(words)))
            case .toolCall(let id, let name, let arguments):
                for data in text.toolCall(index: toolCalls, id: id, name: name, arguments: arguments) {
                    plan.append(event(data))
                }
                toolCalls += 1
            case .finish(let reason): plan.append(event(text.chunk(finish: reason) { _ in }))
            case .usage: if question.includesUsage { plan.append(event(text.usage(tokens: tokens))) }
            case .done:
                let end = script.quirks.contains(.noLineAfterDone) ? "" : lineEnd
                plan.append(chunk("data:\(space)[DONE]\(lineEnd)\(end)"))
            case .comment(let words): plan.append(chunk(":\(words)\(lineEnd)\(lineEnd)"))
            case .error(let message, let type):
                let code = script.quirks.contains(.numericErrorCode) ? 502 : nil
                let field = script.quirks.contains(.errorField) ? "error" : "data"
                plan.append(event(FakeModelText.error(message: message, type: type, code: code), field: field))
            case .data(let data): plan.append(event(data))
            case .raw(let bytes): plan.append(chunk(bytes))
            case .pause(let duration): plan.pause(duration)
            case .cut: plan.actions.append(.cut)
            case .reset: plan.actions.append(.reset)
            case .stall: plan.actions.append(.stall)
            }
            switch step {
            case .cut, .reset, .stall: return false
            default: return true
            }
        }
    }
}

extension FakeModelAnswer {
    fileprivate mutating func add(_ token: String) {
        content += token
        tokens += 1
    }
}
