// Every setting of chatd: name, form, range, default, meaning. `--help` prints this table; the loader reads it.

internal import Glibc
internal import IOLoop
internal import LLMProviders
internal import Logging
internal import RPC
internal import RedisStore

/// Each setting, by its name in Swift.
enum Settings {
    /// Where a setting is a limit of the RPC server, its default is that server's.
    private static let serverLimits = ServerLimits()

    static let listen = Setting<[ListenAddress]>(
        "listen", eachOf: .listenAddress, default: [ListenAddress(.host("127.0.0.1", port: 7420))],
        "accept calls here; may be given more than once; port 0 picks a free one")

    /// Where none is given the loader names a file in the user's data folder.
    static let store = Setting<StoreAddress?>(
        "store", SettingFormat.storeAddress.optional(absent: "sqlite:$XDG_DATA_HOME/chatd/chat.db"), default: nil,
        "keep sessions and locks here; memory: forgets them when it ends")

    static let cacheKey = Setting<String>(
        "cache-key", .cacheKey, default: RedisStoreOptions().cacheKey,
        "begin every key in Redis with this; Python programs find conversations under KEY:chat:")

    static let durability = Setting<RedisDurability>(
        "durability", .choice(RedisDurability.allCases.map { ($0.rawValue, $0) }),
        default: RedisStoreOptions().durability,
        "answer a turn when Redis has it (none), or when a replica of it has, too")
    static let redisAuthorities = Setting<String?>(
        "redis-ca-file", SettingFormat<String>.text("FILE", bytesMax: 4096).optional(absent: "the system's"),
        default: nil, "believe a Redis over TLS whose certificate one of these authorities vouches for")
    static let redisCertificate = Setting<String?>(
        "redis-certificate-file", SettingFormat<String>.text("FILE", bytesMax: 4096).optional(absent: "none"),
        default: nil, "show this certificate to a Redis that demands one")
    static let redisKey = Setting<String?>(
        "redis-key-file", SettingFormat<String>.text("FILE", bytesMax: 4096).optional(absent: "none"),
        default: nil, "the private key of that certificate")

    /// Its empty default stands for "not given", which the loader refuses.
    static let model = Setting<String>(
        "model", .text("SPEC", bytesMax: 4096), default: "",
        "answer with this model: \(ModelSpec.forms)")

    static let streamModel = Setting<String?>(
        "stream-model", SettingFormat<String>.text("SPEC", bytesMax: 4096).optional(absent: "as --model"),
        default: nil, "answer streams with this model")
    static let systemPrompt = Setting<String?>(
        "system-prompt", .systemPrompt, default: nil, "begin every prompt with these words")

    static let diagnostics = Setting<Bool>(
        "diagnostics", .onOff, default: false, "serve DiagnosticsService, which echoes what it is sent")
    static let allowPlaintext = Setting<Bool>(
        "allow-plaintext", .onOff, default: false, "accept plain TCP on addresses that are not loopback")

    /// Ten thousand idle connections cost tens of MiB.
    static let connectionsMax = Setting<Int>(
        "connections-max", .count(in: 1...1_000_000), default: serverLimits.connectionsMax,
        "serve at most this many connections")
    /// A client that multiplexes more than this is better served by a second connection on another loop.
    static let callsPerConnectionMax = Setting<Int>(
        "calls-per-connection-max", .count(in: 1...100_000), default: serverLimits.callsPerConnectionMax,
        "serve at most this many calls at a time on one connection")
    /// 4 MiB is the most that stock clients of the protocol take.
    static let frameSizeMax = Setting<Int>(
        "frame-size-max", .bytes(in: (64 << 10)...(4 << 20)), default: serverLimits.payloadBytesMax,
        "accept messages of at most this size")
    static let loops = Setting<Int>(
        "loops", .count(in: 1...256), default: max(1, min(256, sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
        "run this many event loops; by default one for each core")

    static let writeTimeout = Setting<Duration>(
        "write-timeout", .duration(in: .milliseconds(100)...(.seconds(3600))),
        default: serverLimits.writeTimeout, "close a peer that takes no bytes for this long")
    static let frameTimeout = Setting<Duration>(
        "frame-timeout", .duration(in: .milliseconds(100)...(.seconds(3600))),
        default: serverLimits.frameTimeout, "close a peer whose frame takes longer than this to arrive")
    /// Below the 30 seconds that service managers commonly wait before they kill.
    static let drainGrace = Setting<Duration>(
        "drain-grace", .duration(in: .zero...(.seconds(3600))), default: .seconds(25),
        "let calls finish for this long after SIGTERM")
    static let lockTTL = Setting<Duration>(
        "lock-ttl", .duration(in: .milliseconds(100)...(.seconds(86_400))), default: .seconds(10),
        "keep a lock for this long where the caller does not say")
    static let lockTTLMax = Setting<Duration>(
        "lock-ttl-max", .duration(in: .seconds(1)...(.seconds(86_400))), default: .seconds(600),
        "let callers ask for at most this long")

    static let idleTimeout = Setting<Duration?>(
        "idle-timeout", SettingFormat.duration(in: .seconds(1)...(.seconds(604_800))).orZero(meaning: "never"),
        default: nil, "close a connection that carries no call for this long")
    static let pingInterval = Setting<Duration?>(
        "ping-interval", SettingFormat.duration(in: .seconds(1)...(.seconds(3600))).orZero(meaning: "never"),
        default: serverLimits.pingInterval, "ping a client that knows pings after this long a silence")
    static let sessionIdleExpiry = Setting<Duration?>(
        "session-idle-expiry",
        SettingFormat.duration(in: .seconds(1)...(.seconds(315_360_000))).orZero(meaning: "never"),
        default: .seconds(30 * 86_400), "forget a session that is not used for this long")

    static let historyMessagesMax = Setting<Int?>(
        "history-messages-max", SettingFormat.count(in: 1...1_000_000).orZero(meaning: "for all"), default: 40,
        "put at most this many past messages into a prompt")
    static let historyTokensMax = Setting<Int?>(
        "history-tokens-max", SettingFormat.count(in: 1...10_000_000).orZero(meaning: "for no limit"),
        default: 32_000, "keep prompts under this many estimated tokens")

    static let logLevel = Setting<Logger.Level>(
        "log-level", .choice(Logger.Level.allCases.map { ($0.rawValue, $0) }), default: .info,
        "log what is at least this important")

    static let logFormat = Setting<LogFormat>(
        "log-format", .choice(LogFormat.allCases.map { ($0.rawValue, $0) }), default: .auto,
        "log as text or JSON; auto is text on a terminal")
}

/// The settings as a list, in the order of `--help`.
enum SettingTable {
    /// The file that holds settings; it is no setting of its own, since a file cannot name itself.
    static let config = SettingDescription(
        name: "config", placeholder: "FILE", help: "read settings from this YAML file", defaultText: "", range: "",
        isRepeatable: false)

    static let all: [SettingDescription] = [
        Settings.listen.description, Settings.allowPlaintext.description, Settings.store.description,
        Settings.cacheKey.description, Settings.durability.description, Settings.redisAuthorities.description,
        Settings.redisCertificate.description, Settings.redisKey.description,
        Settings.model.description, Settings.streamModel.description, Settings.systemPrompt.description,
        Settings.connectionsMax.description, Settings.callsPerConnectionMax.description,
        Settings.frameSizeMax.description, Settings.frameTimeout.description, Settings.writeTimeout.description,
        Settings.idleTimeout.description, Settings.pingInterval.description, Settings.drainGrace.description,
        Settings.sessionIdleExpiry.description,
        Settings.historyMessagesMax.description, Settings.historyTokensMax.description, Settings.lockTTL.description,
        Settings.lockTTLMax.description, Settings.loops.description, Settings.diagnostics.description,
        Settings.logLevel.description, Settings.logFormat.description,
    ]

    static func named(_ name: String) -> SettingDescription? {
        all.first { $0.name == name }
    }
}

extension SettingFormat where Value == ListenAddress {
    fileprivate static var listenAddress: Self {
        SettingFormat(placeholder: "HOST:PORT|unix:PATH") { (text: String) throws(BadValue) in
            // A port and nothing else: what is no port is not repeated.
            if text.utf8.first == UInt8(ascii: ":"), Endpoint("127.0.0.1\(text)") != nil {
                throw BadValue("has no host: write 127.0.0.1\(text), or 0.0.0.0\(text) for every interface")
            }
            guard let endpoint = Endpoint(text) else {
                throw BadValue("is not HOST:PORT, [IPv6]:PORT or unix:PATH")
            }
            return ListenAddress(endpoint)
        } show: {
            $0.endpoint.description
        }
    }
}

extension SettingFormat where Value == StoreAddress {
    fileprivate static var storeAddress: Self {
        SettingFormat(placeholder: "sqlite:PATH|redis://HOST|memory:") { (text: String) throws(BadValue) in
            if let store = StoreAddress(text) { return store }
            guard StoreAddress.isRedis(text) else {
                throw BadValue("is not a store: write sqlite:PATH, redis://HOST:PORT/DATABASE or memory:")
            }
            do throws(RedisAddress.Malformed) {
                _ = try RedisAddress(text)
            } catch {
                throw BadValue(error.words)
            }
            throw BadValue("holds a control character")
        } show: {
            $0.shown
        }
    }
}

extension SettingFormat where Value == String {
    fileprivate static var cacheKey: Self {
        SettingFormat(placeholder: "KEY") { (text: String) throws(BadValue) in
            guard RedisStoreOptions.isCacheKey(text) else {
                throw BadValue("is not 1 to 64 printable ASCII characters without spaces and braces")
            }
            return text
        } show: {
            $0
        }
    }
}

extension SettingFormat where Value == String? {
    /// At most 64 KiB, and empty for none. Shown by its length: it may hold what a company does not print in logs.
    fileprivate static var systemPrompt: Self {
        let bytesMax = 64 << 10
        return SettingFormat(placeholder: "TEXT") { (text: String) throws(BadValue) in
            if text.utf8.count > bytesMax { throw BadValue("is longer than \(bytesMax) bytes") }
            return text
        } show: {
            $0.map { "\($0.utf8.count) bytes" } ?? "built in"
        }
    }
}
