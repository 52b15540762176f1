// Makes a model out of its spec. Used once per model at start; `auto` asks around, so it runs on a loop.

package import ChatEngine

/// What the environment says about providers. Read by the configuration, passed as a value.
package struct ModelEnvironment: Sendable, Hashable {
    /// `OPENAI_API_KEY`; empty for none. A secret.
    package var openAIKey: String
    /// `OPENAI_BASE_URL`; empty for none.
    package var openAIBaseURL: String

    package init(openAIKey: String = "", openAIBaseURL: String = "") {
        self.openAIKey = openAIKey
        self.openAIBaseURL = openAIBaseURL
    }
}

/// A model that is ready, and how it came to be chosen.
package struct ChosenModel: Sendable {
    package let model: any ChatModel
    /// One line for the operator, without secrets.
    package let explanation: String
}

/// Makes models. The transport and the clock are shared by all of them.
package struct ModelFactory: Sendable {
    private let transport: any ModelTransport
    private let clock: any EngineClock
    private let environment: ModelEnvironment
    private let timeLimits: ModelTimeLimits
    private let retryPolicy: RetryPolicy

    package init(
        transport: any ModelTransport, clock: any EngineClock, environment: ModelEnvironment,
        timeLimits: ModelTimeLimits = .standard, retryPolicy: RetryPolicy = .standard
    ) {
        self.transport = transport
        self.clock = clock
        self.environment = environment
        self.timeLimits = timeLimits
        self.retryPolicy = retryPolicy
    }

    /// The model that `spec` names. A script is read here, once and blocking.
    ///
    /// - Throws: `ModelSetupError`; `CancellationError`, from `auto`.
    package func make(_ spec: ModelSpec) async throws -> ChosenModel {
        switch spec {
        case .offline:
            return ChosenModel(
                model: OfflineModel(), explanation: "the offline model, which answers without a language model")
        case .scripted(let path):
            let script = try ModelScript(contentsOf: path)
            let model = ScriptedModel(script, clock: clock, timeLimits: timeLimits)
            return ChosenModel(model: model, explanation: "\(script.answers.count) scripted answers from \(path)")
        case .openAI(let model, let baseURL):
            let configuration = try configuration(model: model, baseURL: baseURL)
            return ChosenModel(
                model: openAI(configuration), explanation: "\(model) at \(configuration.baseURL.shown)")
        case .auto:
            return try await discover()
        }
    }

    private func openAI(_ configuration: OpenAIConfiguration) -> OpenAIModel {
        OpenAIModel(configuration, transport: transport, clock: clock)
    }

    private func configuration(model: String, baseURL: BaseURL?) throws(ModelSetupError) -> OpenAIConfiguration {
        var url = baseURL
        if url == nil { url = try environmentURL() }
        guard let url = url ?? BaseURL(WellKnownServers.openAI) else {
            preconditionFailure("OpenAI's own address is well-formed")
        }
        if environment.openAIKey.isEmpty, url == BaseURL(WellKnownServers.openAI) {
            throw ModelSetupError(
                .missingKey,
                "OpenAI wants a key: set OPENAI_API_KEY, or name another server as openai:MODEL@BASE_URL")
        }
        return OpenAIConfiguration(
            model: model, baseURL: url, key: environment.openAIKey, timeLimits: timeLimits, retryPolicy: retryPolicy)
    }

    private func environmentURL() throws(ModelSetupError) -> BaseURL? {
        if environment.openAIBaseURL.isEmpty { return nil }
        guard let url = BaseURL(environment.openAIBaseURL) else {
            throw ModelSetupError(
                .invalidSpec, "OPENAI_BASE_URL is no address: it looks like https://host:port/v1, without a user")
        }
        return url
    }

    // MARK: - auto

    /// The first of: a server on this machine, what the environment names, offline.
    private func discover() async throws -> ChosenModel {
        let probe = ModelServerProbe(transport: transport, clock: clock)
        for server in WellKnownServers.local {
            guard let url = BaseURL(server.url), let model = try await probe.models(at: url, key: "").first else {
                continue
            }
            // No key goes to a server that nobody named.
            let configuration = OpenAIConfiguration(
                model: model, baseURL: url, key: "", timeLimits: timeLimits, retryPolicy: retryPolicy)
            return ChosenModel(
                model: openAI(configuration), explanation: "\(model) from \(server.name) on this machine (\(url.shown))"
            )
        }
        if !environment.openAIKey.isEmpty || !environment.openAIBaseURL.isEmpty {
            let url = try environmentURL() ?? BaseURL(WellKnownServers.openAI)
            if let url, let model = try await environmentModel(probe, url) {
                let chosen = try await make(.openAI(model: model, baseURL: url))
                return ChosenModel(
                    model: chosen.model, explanation: "\(chosen.explanation), named by the environment")
            }
        }
        let offline = try await make(.offline)
        return ChosenModel(
            model: offline.model,
            explanation: "\(offline.explanation), since no model server runs on this machine and none that answers "
                + "is named by OPENAI_BASE_URL and OPENAI_API_KEY")
    }

    private func environmentModel(_ probe: ModelServerProbe, _ url: BaseURL) async throws -> String? {
        let models = try await probe.models(at: url, key: environment.openAIKey)
        return WellKnownServers.preferredModels.first(where: models.contains) ?? models.first
    }
}
