// The models that the configuration names.

internal import ChatEngine
internal import HTTPClient
internal import IOLoop
internal import LLMProviders
internal import Logging

/// The model for whole answers and the one for streams.
struct ModelChoice: Sendable {
    let model: any ChatModel
    /// Nil for the same.
    let streamModel: (any ChatModel)?
    /// In words, for GetServerInfo.
    let explanation: String
    /// Empty when it is the same model.
    let streamExplanation: String

    /// Makes them; `auto` asks around, so this runs on a loop.
    ///
    /// - Throws: `ModelSetupError`.
    static func make(
        _ configuration: ServerConfiguration, clock: LoopClock, on loop: IOLoop, logger: Logger
    ) async throws -> ModelChoice {
        let credentials = configuration.credentials
        let factory = ModelFactory(
            transport: HTTPModelTransport(), clock: clock,
            environment: ModelEnvironment(
                openAIKey: credentials.openAIKey?.value ?? "", openAIBaseURL: credentials.openAIBaseURL ?? ""))
        let spec = try ModelSpec(configuration.model)
        let streamSpec = try configuration.streamModel.map { text throws(ModelSetupError) in try ModelSpec(text) }
        let choice = try await LoopActor(loop).run { _ in
            let chosen = try await factory.make(spec)
            var stream: ChosenModel?
            if let streamSpec { stream = try await factory.make(streamSpec) }
            return ModelChoice(
                model: chosen.model, streamModel: stream?.model, explanation: chosen.explanation,
                streamExplanation: stream?.explanation ?? "")
        }
        logger.info("answers come from \(choice.explanation)")
        if !choice.streamExplanation.isEmpty { logger.info("streams come from \(choice.streamExplanation)") }
        return choice
    }
}
