// Makes the configuration from flags, variables and the file, or lists all that is wrong with them.

internal import IOLoop
internal import LLMProviders
internal import RedisStore

/// A setting as it took effect, for the log at start.
package struct EffectiveSetting: Sendable, Equatable {
    package var name: String
    /// Without secrets.
    package var value: String
    /// A flag, a variable, a file and its key, or `default`.
    package var origin: String
}

/// What chatd is to do.
package enum ConfigurationOutcome: Sendable {
    /// Serve.
    case serve(ServerConfiguration, effective: [EffectiveSetting])
    /// Print this text and end with `ExitCode.success`.
    case show(String)
    /// Print each problem on standard error, one line each, and end with `ExitCode.configuration`. Never empty.
    case refuse([ConfigurationProblem])
}

package enum ConfigurationLoader {
    /// Reads the configuration. Blocks while it reads the file.
    ///
    /// - Parameters:
    ///   - arguments: the command line without the program's name.
    ///   - environment: all variables; `ProcessEnvironment.variables()` in a program.
    ///   - modelProblem: says what is wrong with a model specification, nil when nothing is; it belongs to
    /// LLMProviders.
    package static func load(
        arguments: [String], environment: [String: String],
        modelProblem: (String) -> String? = ModelSpecificationForm.problem
    ) -> ConfigurationOutcome {
        let flags = CommandLineFlags(arguments)
        if flags.asksForHelp { return .show(ConfigurationHelp.text) }
        if flags.asksForVersion { return .show(ConfigurationHelp.version) }

        var problems = flags.problems
        let variables = chatdVariables(environment, &problems)
        let file = openFile(flags, variables, &problems)
        let layers = SettingLayers(flags: flags, variables: variables, file: file)
        var reader = SettingReader(layers: layers, problems: problems)
        let configuration = read(&reader, environment: environment)
        check(configuration, &reader, modelProblem: modelProblem)
        return reader.problems.isEmpty
            ? .serve(configuration, effective: reader.effective) : .refuse(reader.problems)
    }

    private static func read(_ reader: inout SettingReader, environment: [String: String]) -> ServerConfiguration {
        var configuration = ServerConfiguration(model: reader.read(Settings.model))
        configuration.streamModel = reader.read(Settings.streamModel)
        configuration.credentials = ModelCredentials(environment: environment)
        configuration.listen = reader.read(Settings.listen)
        configuration.allowsPlaintext = reader.read(Settings.allowPlaintext)
        configuration.store = store(&reader, environment: environment)
        configuration.systemPrompt = reader.read(Settings.systemPrompt)
        configuration.redis.cacheKey = reader.read(Settings.cacheKey)
        configuration.redis.waitsForReplica = reader.read(Settings.durability) == .replica
        configuration.redis.authoritiesFile = reader.read(Settings.redisAuthorities)
        configuration.redis.certificateFile = reader.read(Settings.redisCertificate)
        configuration.redis.keyFile = reader.read(Settings.redisKey)
        configuration.connections.countMax = reader.read(Settings.connectionsMax)
        configuration.connections.callsMax = reader.read(Settings.callsPerConnectionMax)
        configuration.connections.frameBytesMax = reader.read(Settings.frameSizeMax)
        configuration.connections.frameTimeout = reader.read(Settings.frameTimeout)
        configuration.connections.writeTimeout = reader.read(Settings.writeTimeout)
        configuration.connections.idleTimeout = reader.read(Settings.idleTimeout)
        configuration.connections.pingInterval = reader.read(Settings.pingInterval)
        configuration.connections.drainGrace = reader.read(Settings.drainGrace)
        configuration.sessions.idleExpiry = reader.read(Settings.sessionIdleExpiry)
        configuration.sessions.historyMessagesMax = reader.read(Settings.historyMessagesMax)
        configuration.sessions.historyTokensMax = reader.read(Settings.historyTokensMax)
        configuration.locks.ttlDefault = reader.read(Settings.lockTTL)
        configuration.locks.ttlMax = reader.read(Settings.lockTTLMax)
        configuration.loops = reader.read(Settings.loops)
        configuration.servesDiagnostics = reader.read(Settings.diagnostics)
        configuration.logLevel = reader.read(Settings.logLevel)
        configuration.logFormat = reader.read(Settings.logFormat)
        return configuration
    }

    /// The store that was named, or the file in the user's data folder.
    private static func store(_ reader: inout SettingReader, environment: [String: String]) -> StoreAddress {
        if let store = reader.read(Settings.store) { return store }
        if let path = DataFolder.database(environment) {
            let store = StoreAddress.sqlite(path: path)
            reader.tookEffect(Settings.store, as: store.shown)
            return store
        }
        if reader.wasGiven(Settings.store) == nil {
            let message =
                "no store: neither XDG_DATA_HOME nor HOME says where data goes; name a file with "
                + "--store sqlite:PATH"
            reader.problems.append(ConfigurationProblem(origin: nil, message: message))
        }
        return .memory
    }

    /// What no setting can see alone.
    private static func check(
        _ configuration: ServerConfiguration, _ reader: inout SettingReader, modelProblem: (String) -> String?
    ) {
        if configuration.model.isEmpty {
            if reader.wasGiven(Settings.model) == nil {
                let message = """
                    no model: name one with --model, as \(ModelSpec.forms); OpenAI's own want a key in OPENAI_API_KEY
                    """
                reader.problems.append(ConfigurationProblem(origin: nil, message: message))
            }
        } else if let problem = modelProblem(configuration.model) {
            reader.refuse(Settings.model, configuration.model, problem)
        }
        if let streamModel = configuration.streamModel, let problem = modelProblem(streamModel) {
            reader.refuse(Settings.streamModel, streamModel, problem)
        }
        if !configuration.allowsPlaintext {
            for address in configuration.listen where !address.isLoopback {
                reader.refuse(
                    Settings.listen, address.endpoint.description,
                    "is no loopback address, where plain TCP can be read on the way: give --allow-plaintext to mean it"
                )
            }
        }
        if configuration.locks.ttlDefault > configuration.locks.ttlMax {
            reader.refuse(
                Settings.lockTTL, TimeSpan.show(configuration.locks.ttlDefault),
                "is longer than lock-ttl-max, which is \(TimeSpan.show(configuration.locks.ttlMax))")
        }
    }

    /// The variables that begin with CHATD_; unknown ones are problems.
    private static func chatdVariables(
        _ environment: [String: String], _ problems: inout [ConfigurationProblem]
    ) -> [String: String] {
        let known = Set(SettingTable.all.map(\.variable) + [SettingTable.config.variable])
        let variables = environment.filter { $0.key.hasPrefix("CHATD_") && !isServiceLink($0.key) }
        for name in variables.keys.sorted() where !known.contains(name) {
            let setting = name.dropFirst("CHATD_".count).lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
            let message = UnknownName.message(setting, spelling: \.variable)
            problems.append(ConfigurationProblem(origin: Redaction.shown(name), message: message))
        }
        return variables
    }

    /// Kubernetes gives every container variables for each service of its namespace; one named `chatd` must not stop
    /// us.
    private static func isServiceLink(_ name: String) -> Bool {
        name.hasPrefix("CHATD_SERVICE_") || name == "CHATD_PORT" || name.hasPrefix("CHATD_PORT_")
    }

    private static func openFile(
        _ flags: CommandLineFlags, _ variables: [String: String], _ problems: inout [ConfigurationProblem]
    ) -> ConfigurationFile? {
        let fromVariable = variables[SettingTable.config.variable].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = flags.values[SettingTable.config.name]?.last ?? fromVariable else { return nil }
        do throws(ConfigurationProblem) {
            let file = try ConfigurationFile(path: path)
            for key in file.keys where SettingTable.named(key) == nil {
                let origin = "\(Redaction.shown(path)): \(Redaction.shown(key))"
                problems.append(
                    ConfigurationProblem(origin: origin, message: UnknownName.message(key, spelling: \.name)))
            }
            return file
        } catch {
            problems.append(error)
            return nil
        }
    }
}

/// Reads settings from the layers, and collects problems and what took effect.
private struct SettingReader {
    let layers: SettingLayers
    var problems: [ConfigurationProblem]
    var effective: [EffectiveSetting] = []

    init(layers: SettingLayers, problems: [ConfigurationProblem]) {
        self.layers = layers
        self.problems = problems
    }

    /// The value, or the default where none is given or it is bad; then there is a problem more.
    mutating func read<Value>(_ setting: Setting<Value>) -> Value {
        let given: GivenSetting?
        do throws(ConfigurationProblem) {
            given = try layers.given(setting.description)
        } catch {
            problems.append(error)
            return setting.defaultValue
        }
        guard let given else {
            effective.append(
                EffectiveSetting(name: setting.name, value: setting.show(setting.defaultValue), origin: "default"))
            return setting.defaultValue
        }
        do throws(BadValues) {
            let value = try setting.parse(given.texts)
            effective.append(EffectiveSetting(name: setting.name, value: setting.show(value), origin: given.origin))
            return value
        } catch {
            problems += error.values.map { text, reason in
                ConfigurationProblem(origin: given.origin, message: "`\(Redaction.shown(text))` \(reason)")
            }
            return setting.defaultValue
        }
    }

    /// Says what a default came to, where the environment decides.
    mutating func tookEffect<Value>(_ setting: Setting<Value>, as value: String) {
        for index in effective.indices where effective[index].name == setting.name { effective[index].value = value }
    }

    /// Where the setting was given; nil where it was not.
    func wasGiven<Value>(_ setting: Setting<Value>) -> GivenSetting? {
        (try? layers.given(setting.description)) ?? nil
    }

    /// Adds a problem about a value that was read.
    mutating func refuse<Value>(_ setting: Setting<Value>, _ text: String, _ reason: String) {
        let origin = wasGiven(setting)?.origin ?? setting.description.flag
        problems.append(ConfigurationProblem(origin: origin, message: "`\(Redaction.shown(text))` \(reason)"))
    }
}

/// What LLMProviders says of a model specification.
package enum ModelSpecificationForm {
    /// What is wrong, completing "`text` "; nil when the form is right.
    package static func problem(_ text: String) -> String? {
        do throws(ModelSetupError) {
            _ = try ModelSpec(text)
            return nil
        } catch {
            return "cannot be used: \(error.message)"
        }
    }
}
