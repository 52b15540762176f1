// How proto names are spelt in Swift and in the C that protoc-c makes.

enum Names {
    /// Messages whose plain name would be too vague or taken in Swift.
    private static let renamed = [
        "google.rpc.Status": "RPCStatus",
        "google.protobuf.Any": "ProtoAny",
        "google.protobuf.Duration": "ProtoDuration",
        "ttrpc.Request": "EnvelopeRequest",
        "ttrpc.Response": "EnvelopeResponse",
        "ttrpc.KeyValue": "EnvelopeKeyValue",
    ]

    private static let swiftKeywords: Set<String> = [
        "as", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum", "extension",
        "false", "for", "func", "guard", "if", "import", "in", "init", "internal", "is", "let", "nil", "operator",
        "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript",
        "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// The Swift name of a message.
    static func swift(message fullName: String) -> String {
        renamed[fullName] ?? String(fullName.split(separator: ".").last ?? "")
    }

    /// The Swift name of an enum, qualified by its message where it is nested.
    static func swift(_ value: EnumSchema) -> String {
        value.parent.map { "\(swift(message: $0)).\(value.name)" } ?? value.name
    }

    /// `max_output_tokens` to `maxOutputTokens`; a word that is "id" stays `ID` at the end as Swift spells it.
    static func lowerCamel(_ snake: String) -> String {
        let words = snake.split(separator: "_").map { $0.lowercased() }
        let tail = words.dropFirst().map { word in
            switch word {
            case "id": "ID"
            case "url": "URL"
            default: capitalized(word)
            }
        }
        return ([words.first ?? ""] + tail).joined()
    }

    /// As a Swift identifier.
    static func identifier(_ name: String) -> String { swiftKeywords.contains(name) ? "`\(name)`" : name }

    /// A field or an enum's case.
    static func property(_ snake: String) -> String { identifier(lowerCamel(snake)) }

    /// `FINISH_REASON_TOOL_CALLS` of `FinishReason` to `toolCalls`.
    static func enumCase(_ value: EnumValueSchema, of type: EnumSchema) -> String {
        let prefix = snake(type.name).uppercased() + "_"
        let name = value.name.hasPrefix(prefix) ? String(value.name.dropFirst(prefix.count)) : value.name
        return property(name)
    }

    /// `optional_title` to `OptionalTitle`, for the type of a oneof.
    static func upperCamel(_ snake: String) -> String {
        snake.split(separator: "_").map { capitalized(String($0)) }.joined()
    }

    /// A method's Swift name: `StreamChat` to `streamChat`.
    static func method(_ name: String) -> String { identifier(name.prefix(1).lowercased() + name.dropFirst()) }

    /// `ChatRequest` to `chat_request`, as protoc-c does.
    static func snake(_ camel: String) -> String {
        var result = ""
        var wasUpper = true
        for character in camel {
            if character.isUppercase {
                if !wasUpper { result += "_" }
                wasUpper = true
            } else {
                wasUpper = false
            }
            result += character.lowercased()
        }
        return result
    }

    /// `chat.v1.ChatRequest` to `Chat__V1__ChatRequest`: the C struct or enum.
    static func cType(_ fullName: String) -> String {
        fullName.split(separator: ".").map { upperCamel(String($0)) }.joined(separator: "__")
    }

    /// `chat.v1.ChatRequest` to `chat__v1__chat_request`: the prefix of the C functions.
    static func cPrefix(_ fullName: String) -> String {
        fullName.split(separator: ".").map { snake(String($0)) }.joined(separator: "__")
    }

    /// `chat/v1/chat.proto` to `ChatV1Chat`.
    static func file(_ path: String) -> String {
        path.dropSuffix(".proto").split(separator: "/").map { upperCamel(String($0)) }.joined()
    }

    private static func capitalized(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }
}

extension String {
    /// Without `suffix`, where it ends so.
    func dropSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
