// What it takes to talk to one OpenAI-compatible server: values from flags and environment.

/// One server, one model.
package struct OpenAIConfiguration: Sendable {
    /// Which field carries the limit of output tokens.
    package enum OutputLimitField: String, Sendable, Hashable {
        /// What every compatible server knows.
        case maxTokens = "max_tokens"
        /// What OpenAI's and Azure's reasoning models demand.
        case maxCompletionTokens = "max_completion_tokens"
    }

    package var model: String
    package var baseURL: BaseURL
    /// Empty for none: servers on one's own machine ask for none.
    package var key: String
    package var outputLimitField: OutputLimitField
    package var timeLimits: ModelTimeLimits
    package var retryPolicy: RetryPolicy

    package init(
        model: String, baseURL: BaseURL, key: String, outputLimitField: OutputLimitField? = nil,
        timeLimits: ModelTimeLimits = .standard, retryPolicy: RetryPolicy = .standard
    ) {
        self.model = model
        self.baseURL = baseURL
        self.key = key
        let isOpenAI = baseURL.host == "api.openai.com" || Self.isAzure(baseURL)
        self.outputLimitField = outputLimitField ?? (isOpenAI ? .maxCompletionTokens : .maxTokens)
        self.timeLimits = timeLimits
        self.retryPolicy = retryPolicy
    }

    /// Azure takes its keys in a header of its own.
    private static func isAzure(_ url: BaseURL) -> Bool {
        url.host.hasSuffix(".openai.azure.com") || url.host.hasSuffix(".services.ai.azure.com")
    }

    /// The headers that carry the key.
    var authorizationHeaders: [(name: String, value: String)] {
        if key.isEmpty { return [] }
        return Self.isAzure(baseURL) ? [("api-key", key)] : [("Authorization", "Bearer \(key)")]
    }
}
