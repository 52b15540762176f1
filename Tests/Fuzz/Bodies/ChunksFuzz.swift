// A model server's whole answer, from bytes to what the turn gets: the same however the bytes are cut, complete only
// with an end marker, and without a key in any error.

import JSON

@testable import ChatEngine
@testable import HTTPClient
@testable import LLMProviders

enum ChunksFuzz {
    /// The key that requests are made with. It is in the dictionary, so that answers quote it.
    static let key = "sk-fuzz-0123456789abcdef"
    private static let words = ProviderMessage(key: key)

    private enum End: Equatable {
        case completed(ModelCompletion)
        case failed(AttemptFailure)
        case tooLong

        static func == (left: End, right: End) -> Bool {
            switch (left, right) {
            case (.completed(let left), .completed(let right)):
                left.model == right.model && left.finishReason == right.finishReason && left.usage == right.usage
                    && left.toolCalls == right.toolCalls
            case (.failed(let left), .failed(let right)): left == right
            case (.tooLong, .tooLong): true
            default: false
            }
        }
    }

    private struct Outcome: Equatable {
        var events: [ModelEvent] = []
        var hasContent = false
        var end = End.tooLong
    }

    /// The first byte chooses the status of an error, the second the cuts; the rest is the body.
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let (choices, bytes) = input.split(after: 2)
        let outcome = stream([bytes])
        let pieces = Pieces.cut(bytes, seed: choices[1])
        let other = stream(pieces)
        try require(other == outcome, "cut at \(pieces.map(\.count)) the answer is \(other), else \(outcome)")
        try check(outcome, bytes)
        try check(whole(bytes), nil)
        readPastTheEnd(bytes)

        let failure = ChatCompletionsFailure(body: bytes)
        let status = 300 + Int(choices[0]) * 2
        let refusal = failure.failure(status: status, hints: RetryHints(), words: words)
        try check(Outcome(end: .failed(refusal)), nil)
        for name in ModelServerProbe.models(in: bytes) {
            let spec = try? ModelSpec("openai:\(name)")
            try require(spec != nil || !isOneLine(name), "a model that was found can be named: \(name)")
        }
    }

    private static func stream(_ pieces: [[UInt8]]) -> Outcome {
        var outcome = Outcome()
        var parser = ServerSentEventParser()
        var accumulator = ChatCompletionsAccumulator(model: "model", words: words)
        var rest = pieces[...]
        var hasEnded = false
        do {
            while !accumulator.isDone, !hasEnded {
                if let piece = rest.popFirst() {
                    parser.feed(piece)
                } else {
                    parser.end()
                    hasEnded = true
                }
                while let event = try parser.next() {
                    outcome.events += try accumulator.receive(event, isLast: hasEnded).events
                    outcome.hasContent = accumulator.hasContent
                }
            }
            outcome.end = .completed(try accumulator.complete())
        } catch let failure as AttemptFailure {
            outcome.end = .failed(failure)
        } catch {
            outcome.end = .tooLong
        }
        return outcome
    }

    private static func whole(_ bytes: [UInt8]) -> Outcome {
        var outcome = Outcome()
        var accumulator = ChatCompletionsAccumulator(model: "model", words: words)
        do throws(AttemptFailure) {
            outcome.events = try accumulator.receiveWhole(bytes).events
            outcome.hasContent = accumulator.hasContent
            outcome.end = .completed(try accumulator.complete())
        } catch {
            outcome.end = .failed(error)
        }
        return outcome
    }

    /// - Parameter stream: the bytes, where they had to have an end marker.
    private static func check(_ outcome: Outcome, _ stream: [UInt8]?) throws {
        switch outcome.end {
        case .tooLong: throw BrokenProperty("an input is shorter than an event may be")
        case .failed(let failure):
            let message = failure.error.message
            try require(isOneLine(message), "an error's words fit a line: \(message)")
            try require(message.count <= 800, "an error's words are short: \(message.count) characters")
            try require(!message.contains(key), "no error shows the key: \(message)")
            try require(
                !failure.isRetryable || !outcome.hasContent,
                "nothing is asked again after the first content: \(failure)")
        case .completed(let completion):
            if let stream { try requireEndMarker(stream) }
            let ids = completion.toolCalls.map(\.id)
            try require(Set(ids).count == ids.count, "tool calls have ids of their own: \(ids)")
            for call in completion.toolCalls {
                try require(!call.id.isEmpty && !call.name.isEmpty, "a tool call has an id and a name: \(call)")
                let arguments = try? JSONValue(parsing: call.arguments)
                try require(arguments?.members != nil, "arguments are an object: \(call.arguments)")
            }
            let usage = completion.usage
            try require(min(usage.inputTokens, usage.outputTokens) >= 0, "tokens are not negative: \(usage)")
        }
    }

    /// An answer is complete only where the server said so. A key may be written with escapes, which the search is
    /// blind to.
    private static func requireEndMarker(_ stream: [UInt8]) throws {
        let text = String(decoding: stream, as: UTF8.self)
        try require(
            text.contains("[DONE]") || text.contains("finish_reason") || text.contains("\\"),
            "an answer without an end marker is not complete")
    }

    /// Does nothing, except where a bug is planted: a length that is trusted.
    private static func readPastTheEnd(_ bytes: [UInt8]) {
        #if PLANTED_BUG
            // After "data:" a byte says how many follow, and nobody asks whether they do.
            guard bytes.count > 6, bytes.starts(with: "data:".utf8) else { return }
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
            defer { copy.deallocate() }
            copy.initialize(from: bytes, count: bytes.count)
            for index in 0..<Int(copy[5]) { sum &+= copy[6 + index] }
        #endif
    }

    #if PLANTED_BUG
        /// Somebody may read it, so the loop above is not left out. One thread fuzzes.
        nonisolated(unsafe) static var sum: UInt8 = 0
    #endif
}

extension ChatCompletionsAccumulator.Step {
    /// What the caller is sent.
    fileprivate var events: [ModelEvent] {
        (reasoning.isEmpty ? [] : [.reasoning(reasoning)]) + (text.isEmpty ? [] : [.text(text)])
    }
}
