// The parser and the accumulator on every golden stream, whole and split at every byte.

import ChatEngine
import HTTPClient
import Testing

@testable import LLMProviders

@Suite("Quirks of compatible servers")
struct ServerQuirkTests {
    /// What a stream comes to.
    private struct Result: Equatable {
        var text = ""
        var reasoning = ""
        var calls: [ToolCall] = []
        var usage = TokenUsage()
        var model = ""
        var finishReason: FinishReason?
        var failure: AttemptFailure?
    }

    private func run(_ pieces: [ArraySlice<UInt8>]) throws -> Result {
        var result = Result()
        var parser = ServerSentEventParser()
        var accumulator = ChatCompletionsAccumulator(model: "configured", words: ProviderMessage(key: "sk-secret"))
        do {
            for piece in pieces {
                parser.feed(Array(piece))
                try take(&parser, &accumulator, &result, isLast: false)
            }
            parser.end()
            try take(&parser, &accumulator, &result, isLast: true)
            let completion = try accumulator.complete()
            result.calls = completion.toolCalls
            result.usage = completion.usage
            result.model = completion.model
            result.finishReason = completion.finishReason
        } catch let failure as AttemptFailure {
            result.failure = failure
        }
        return result
    }

    private func take(
        _ parser: inout ServerSentEventParser, _ accumulator: inout ChatCompletionsAccumulator, _ result: inout Result,
        isLast: Bool
    ) throws {
        while let event = try parser.next() {
            let step = try accumulator.receive(event, isLast: isLast)
            result.text += step.text
            result.reasoning += step.reasoning
        }
    }

    @Test("each stream comes to what it must, however it is cut into pieces", arguments: ServerQuirk.all)
    func quirk(_ quirk: ServerQuirk) throws {
        let bytes = Array(quirk.stream.utf8)
        let whole = try run([bytes[...]])
        #expect(whole.text == quirk.text)
        #expect(whole.reasoning == quirk.reasoning)
        switch quirk.outcome {
        case .complete(let reason):
            #expect(whole.failure == nil)
            #expect(whole.finishReason == reason)
            #expect(whole.calls == quirk.calls)
            #expect(whole.model == quirk.model)
            let usage = whole.usage
            let counts = [usage.inputTokens, usage.outputTokens, usage.cachedInputTokens, usage.reasoningTokens]
            #expect(counts == quirk.usage)
        case .failure(let kind, let mayRetry):
            #expect(whole.failure?.error.kind == kind)
            #expect(whole.failure?.isRetryable == mayRetry)
        }
        for split in 0...bytes.count {
            #expect(try run([bytes[..<split], bytes[split...]]) == whole, "split at \(split)")
        }
        #expect(try run(bytes.indices.map { bytes[$0...$0] }) == whole, "byte by byte")
        let crlf = Array(quirk.stream.replacing("\n", with: "\r\n").utf8)
        #expect(try run([crlf[...]]) == whole, "with CRLF")
    }

    @Test("no cut of a stream before its finish reason passes for an answer", arguments: ServerQuirk.all)
    func cuts(_ quirk: ServerQuirk) throws {
        guard case .complete = quirk.outcome else { return }
        let bytes = Array(quirk.stream.utf8)
        let markers = ["\"finish_reason\":\"", "[DONE]"].compactMap { quirk.stream.utf8.firstRange(of: $0.utf8) }
        let marker = try #require(
            markers.map { quirk.stream.utf8.distance(from: quirk.stream.utf8.startIndex, to: $0.lowerBound) }.min())
        for count in 0...marker {
            let result = try run([bytes[..<count]])
            #expect(result.finishReason == nil, "cut at \(count)")
            #expect(result.failure?.error.kind == .interrupted, "cut at \(count)")
        }
    }

    @Test("damaged streams end, one way or the other", arguments: 0..<200)
    func damage(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
        var bytes = Array(ServerQuirk.all[random(ServerQuirk.all.count)].stream.utf8)
        for _ in 0...random(8) {
            let place = random(bytes.count)
            switch random(3) {
            case 0: bytes[place] = UInt8(random(256))
            case 1: bytes.remove(at: place)
            default: bytes.insert(contentsOf: Array("{}[]:,\"\n0e".utf8.dropFirst(random(9)).prefix(2)), at: place)
            }
        }
        let result = try run([bytes[...]])
        #expect((result.finishReason == nil) == (result.failure != nil))
        #expect(try run([bytes[..<(bytes.count / 2)], bytes[(bytes.count / 2)...]]) == result)
    }
}
