// The OpenAI-compatible provider: sends the request, reads the answer under its time limits, retries before the first
// content. Runs on the caller's actor; every decision about the format is ChatCompletionsAccumulator's.

package import ChatEngine
internal import HTTPClient
internal import JSON

/// A model behind the chat completions interface.
package struct OpenAIModel: ChatModel {
    /// A longer plain answer is no answer. The largest frame of the RPC face is as long.
    static let wholeAnswerBytesMax = 4 << 20
    /// An explanation longer than this is read no further.
    static let errorBodyBytesMax = 64 << 10
    /// How long to wait for the explanation of an error whose status is known.
    static let errorBodyLimit = Duration.seconds(5)
    /// How long to wait for usage and `[DONE]` once the model said why it stopped: they follow at once or never.
    static let afterFinishLimit = Duration.seconds(5)
    /// How long to wait for the end of the response after `[DONE]`, so that the connection can be used again.
    static let drainLimit = Duration.milliseconds(50)
    /// Pieces read while waiting for that end; a server that goes on talking is left.
    static let drainChunksMax = 4

    private let configuration: OpenAIConfiguration
    private let transport: any ModelTransport
    private let clock: any EngineClock
    private let chance: @Sendable () -> Double
    private let words: ProviderMessage

    /// - Parameter chance: from 0 to 1, for the jitter of retries.
    package init(
        _ configuration: OpenAIConfiguration, transport: any ModelTransport, clock: any EngineClock,
        chance: @escaping @Sendable () -> Double = { .random(in: 0...1) }
    ) {
        self.configuration = configuration
        self.transport = transport
        self.clock = clock
        self.chance = chance
        self.words = ProviderMessage(key: configuration.key)
    }

    package var name: String { configuration.model }

    package func answer(
        _ request: ModelRequest, emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        let limits = configuration.timeLimits
        let deadline = min(clock.now + limits.total, request.deadline ?? clock.now + limits.total)
        var attempt = 1
        while true {
            do {
                return try await self.attempt(request, until: deadline, emit)
            } catch let failure as AttemptFailure {
                try Task.checkCancellation()
                let next = configuration.retryPolicy.nextAttempt(
                    after: attempt, failure: failure, now: clock.now, deadline: deadline, chance: chance())
                guard let next else { throw failure.error }
                try await clock.pause(until: next)
                attempt += 1
            }
        }
    }

    // MARK: - One attempt

    /// - Throws: `AttemptFailure`, `CancellationError`, and what `emit` throws.
    private func attempt(
        _ request: ModelRequest, until deadline: ContinuousClock.Instant, _ emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        let limits = configuration.timeLimits
        let contentBy = min(clock.now + limits.firstContent, deadline)
        let model = request.model ?? configuration.model
        do {
            return try await transport.withResponse(
                ChatCompletionsRequest.http(request, configuration), connect: limits.connect,
                // The headers of a plain answer come when all of it is there.
                headersBy: request.streams ? contentBy : deadline, deadline: deadline
            ) { response in
                guard (200...299).contains(response.status) else {
                    throw try await refusal(response, until: deadline)
                }
                let accumulator = ChatCompletionsAccumulator(model: model, words: words)
                // Some servers do not stream in every case, although they were asked to.
                let isJSON = response.header("content-type")?.lowercased().hasPrefix("application/json") ?? false
                guard request.streams, !isJSON else {
                    return try await readWhole(response, accumulator, until: deadline, emit)
                }
                return try await readStream(response, accumulator, contentBy: contentBy, until: deadline, emit)
            }
        } catch let error as ModelTransportError {
            throw failure(error, hasContent: false, until: deadline)
        }
    }

    /// What an error status means, with the words of its body if they come in time.
    private func refusal(
        _ response: any ModelHTTPResponse, until deadline: ContinuousClock.Instant
    ) async throws -> AttemptFailure {
        var body: [UInt8] = []
        do {
            let limit = min(clock.now + Self.errorBodyLimit, deadline)
            body = try await response.body(upTo: Self.errorBodyBytesMax, until: limit).bytes
        } catch is ModelTransportError {
            // The status alone will have to do.
        }
        let hints = RetryHints(unixSeconds: clock.wallMicroseconds / 1_000_000) { response.header($0) }
        return ChatCompletionsFailure(body: body).failure(status: response.status, hints: hints, words: words)
    }

    private func readWhole(
        _ response: any ModelHTTPResponse, _ accumulator: ChatCompletionsAccumulator,
        until deadline: ContinuousClock.Instant, _ emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        var accumulator = accumulator
        let (body, isCut) = try await response.body(upTo: Self.wholeAnswerBytesMax, until: deadline)
        guard !isCut else {
            let message = "the model's answer is longer than \(Self.wholeAnswerBytesMax) bytes"
            throw AttemptFailure(ModelError(.malformedResponse, message), isRetryable: false)
        }
        let step = try accumulator.receiveWhole(body)
        let completion = try accumulator.complete()
        try await send(step, emit)
        return completion
    }

    // MARK: - The stream

    private func readStream(
        _ response: any ModelHTTPResponse, _ accumulator: ChatCompletionsAccumulator,
        contentBy: ContinuousClock.Instant, until deadline: ContinuousClock.Instant,
        _ emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        var accumulator = accumulator
        var parser = ServerSentEventParser()
        var contentBy = contentBy
        var finishedBy: ContinuousClock.Instant?
        var hasEnded = false
        while !accumulator.isDone, !hasEnded {
            let chunk: [UInt8]?
            do {
                chunk = try await response.nextChunk(until: finishedBy ?? min(contentBy, deadline))
            } catch let error as ModelTransportError {
                // The answer is complete once the model said why it stopped; usage may be missing then.
                if accumulator.hasFinished { break }
                throw failure(error, hasContent: accumulator.hasContent, until: deadline)
            }
            if let chunk {
                parser.feed(chunk)
            } else {
                parser.end()
                hasEnded = true
            }
            if try await deliver(&parser, &accumulator, isLast: hasEnded, emit) {
                contentBy = clock.now + configuration.timeLimits.idle
            }
            if accumulator.hasFinished, finishedBy == nil {
                finishedBy = min(clock.now + Self.afterFinishLimit, deadline)
            }
        }
        let completion = try accumulator.complete()
        if !hasEnded { await drain(response) }
        return completion
    }

    /// Hands out all events that are complete. True when there was content among them.
    private func deliver(
        _ parser: inout ServerSentEventParser, _ accumulator: inout ChatCompletionsAccumulator, isLast: Bool,
        _ emit: (ModelEvent) async throws -> Void
    ) async throws -> Bool {
        var hasContent = false
        while let event = try next(&parser) {
            let step = try accumulator.receive(event, isLast: isLast)
            hasContent = hasContent || step.hasContent
            try await send(step, emit)
        }
        return hasContent
    }

    private func send(
        _ step: ChatCompletionsAccumulator.Step, _ emit: (ModelEvent) async throws -> Void
    ) async throws {
        if !step.reasoning.isEmpty { try await emit(.reasoning(step.reasoning)) }
        if !step.text.isEmpty { try await emit(.text(step.text)) }
    }

    private func next(_ parser: inout ServerSentEventParser) throws(AttemptFailure) -> ServerSentEvent? {
        do throws(ServerSentEventError) {
            return try parser.next()
        } catch {
            let message = "the model's provider sent an event longer than \(ServerSentEventParser.eventBytesMax) bytes"
            throw AttemptFailure(ModelError(.malformedResponse, message), isRetryable: false)
        }
    }

    /// Reads up to the end of the response, which is due. The answer is complete, so nothing here can fail it.
    private func drain(_ response: any ModelHTTPResponse) async {
        let limit = clock.now + Self.drainLimit
        for _ in 0..<Self.drainChunksMax {
            guard let chunk = try? await response.nextChunk(until: limit), !chunk.isEmpty else { return }
        }
    }

    // MARK: - Failures

    private func failure(
        _ error: ModelTransportError, hasContent: Bool, until deadline: ContinuousClock.Instant
    ) -> AttemptFailure {
        let limits = configuration.timeLimits
        switch error {
        case .notConnected(let reason):
            let message =
                "the model's provider at \(configuration.baseURL.host) cannot be reached: \(words.clean(reason))"
            return AttemptFailure(ModelError(.unavailable, message), isRetryable: true)
        case .connectTimedOut:
            let message = "no connection to \(configuration.baseURL.host) within \(limits.connect)"
            return AttemptFailure(ModelError(.timedOut, message), isRetryable: clock.now < deadline)
        case .deadlinePassed:
            let message =
                if clock.now >= deadline {
                    "the model's answer was not complete at the caller's deadline or within \(limits.total)"
                } else if hasContent {
                    "the model fell silent: no content within \(limits.idle)"
                } else {
                    "the model did not begin to answer within \(limits.firstContent)"
                }
            // The wait was long and the provider may be paid for it: asking again would cost both once more.
            return AttemptFailure(ModelError(.timedOut, message), isRetryable: false)
        case .cut(let reason):
            let message = "the connection to the model's provider broke: \(words.clean(reason))"
            return AttemptFailure(
                ModelError(hasContent ? .interrupted : .unavailable, message), isRetryable: !hasContent)
        case .unusable(let reason):
            let message = "the request to the model's provider cannot be made: \(words.clean(reason))"
            return AttemptFailure(ModelError(.invalidRequest, message), isRetryable: false)
        case .malformed(let reason):
            let message = "the model's provider did not answer as HTTP servers do: \(words.clean(reason))"
            return AttemptFailure(ModelError(.malformedResponse, message), isRetryable: false)
        }
    }
}
