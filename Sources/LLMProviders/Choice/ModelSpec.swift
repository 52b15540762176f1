// How an operator names a model: `openai:MODEL[@BASE_URL] | offline | scripted:FILE | auto`. Pure.

/// A model as named on the command line, in the environment or in the configuration file.
package enum ModelSpec: Sendable, Hashable, CustomStringConvertible {
    /// Any OpenAI-compatible server; without an address `OPENAI_BASE_URL` counts, and then OpenAI itself.
    case openAI(model: String, baseURL: BaseURL?)
    case offline
    case scripted(path: String)
    /// A model server on this machine, or what the environment names, or offline.
    case auto

    /// The forms, for usage texts and errors.
    package static let forms = "openai:MODEL[@BASE_URL], offline, scripted:FILE or auto"
    /// A model's name is no longer than this with any known provider.
    static let modelBytesMax = 256

    package init(_ text: String) throws(ModelSetupError) {
        switch text {
        case "offline": self = .offline
        case "auto": self = .auto
        default:
            guard let colon = text.firstIndex(of: ":") else {
                throw ModelSetupError(.invalidSpec, "a model is named as \(Self.forms)")
            }
            let rest = text[text.index(after: colon)...]
            switch text[..<colon] {
            case "openai": self = try Self.openAI(rest)
            case "scripted":
                guard !rest.isEmpty else {
                    throw ModelSetupError(.invalidSpec, "scripted: wants a file, as in scripted:answers.json")
                }
                self = .scripted(path: String(rest))
            case "anthropic":
                throw ModelSetupError(
                    .notSupported,
                    "anthropic: is not supported yet; name an OpenAI-compatible server as openai:MODEL@BASE_URL")
            default: throw ModelSetupError(.invalidSpec, "a model is named as \(Self.forms)")
            }
        }
    }

    private static func openAI(_ text: Substring) throws(ModelSetupError) -> ModelSpec {
        var model = text
        var baseURL: BaseURL?
        // A model's own name may hold an @; an address begins with its scheme.
        let lower = text.lowercased()
        if let separator = lower.indices.last(where: {
            lower[$0...].hasPrefix("@http://") || lower[$0...].hasPrefix("@https://")
        }) {
            let length = lower.distance(from: lower.startIndex, to: separator)
            model = text.prefix(length)
            guard let url = BaseURL(String(text.dropFirst(length + 1))) else {
                throw ModelSetupError(
                    .invalidSpec,
                    "the address in openai:MODEL@BASE_URL is none: it looks like https://host:port/v1, without a user")
            }
            baseURL = url
        }
        guard !model.isEmpty, model.utf8.count <= modelBytesMax, model.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else {
            throw ModelSetupError(
                .invalidSpec,
                "openai: wants a model's name of 1 to \(modelBytesMax) bytes without spaces, as in openai:MODEL")
        }
        return .openAI(model: String(model), baseURL: baseURL)
    }

    /// The spec as an operator would write it, without what an address has in its query.
    package var description: String {
        switch self {
        case .openAI(let model, let baseURL): "openai:\(model)" + (baseURL.map { "@\($0.shown)" } ?? "")
        case .offline: "offline"
        case .scripted(let path): "scripted:\(path)"
        case .auto: "auto"
        }
    }
}
