// What a server says went wrong, in the shapes that compatible servers use, and what that means. Pure.

internal import ChatEngine
internal import JSON

/// A failure as a server words it.
struct ChatCompletionsFailure: Equatable {
    var message = ""
    /// OpenAI writes words here, others the HTTP status as a number.
    var code = ""
    var type = ""

    /// Reads the failure of a body or an event; nil when it tells of none.
    init?(_ root: JSONElement) {
        if let error = root["error"], !error.isNull {
            self.init(error: error)
        } else if root["choices"] == nil, root["object"]?.string == "error" || root["type"]?.string == "error" {
            self.init(error: root)
        } else {
            return nil
        }
    }

    /// Reads the value of an `error` member: an object, a text, anything.
    init(error: JSONElement) {
        message = error.string ?? error["message"]?.string ?? error["detail"]?.string ?? ""
        code = Self.text(error["code"])
        type = Self.text(error["type"])
        if type.isEmpty { type = Self.text(error["status"]) }
    }

    /// Reads the body of a response whose status is an error: JSON as above, what web frameworks say on their own, or
    /// a line of text. A page of HTML explains nothing.
    init(body: [UInt8]) {
        guard let root = try? JSONDocument(body).root else {
            let text = String(decoding: body.prefix(4 * ProviderMessage.charactersMax), as: UTF8.self)
            message = text.drop(while: \.isWhitespace).first == "<" ? "" : text
            return
        }
        // Gemini wraps the object in a list.
        let object = root[0] ?? root
        self = ChatCompletionsFailure(object) ?? ChatCompletionsFailure(error: object)
    }

    private static func text(_ element: JSONElement?) -> String {
        element?.string ?? element?.integer.map(String.init) ?? ""
    }

    private func mentions(_ words: String...) -> Bool {
        words.contains { code == $0 || type == $0 }
    }

    private var isFiltered: Bool {
        mentions("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")
    }
}

extension ChatCompletionsFailure {
    /// The failure of a request that was answered with an error status.
    func failure(status: Int, hints: RetryHints, words: ProviderMessage) -> AttemptFailure {
        let (kind, mayRetry) = meaning(ofStatus: status)
        let error = ModelError(kind, sentence(status: status, words: words), retryAfter: hints.retryAfter)
        return AttemptFailure(error, isRetryable: hints.shouldRetry ?? mayRetry)
    }

    /// The failure of a stream that told of it in an event.
    ///
    /// - Parameter hasContent: something of the answer was seen, which makes it an interruption and final.
    func failure(inStreamWithContent hasContent: Bool, words: ProviderMessage) -> AttemptFailure {
        let message = sentence(status: nil, words: words)
        if isFiltered { return AttemptFailure(ModelError(.contentFiltered, message), isRetryable: false) }
        if hasContent { return AttemptFailure(ModelError(.interrupted, message), isRetryable: false) }
        if let status = Int(code), (400...599).contains(status) {
            let (kind, mayRetry) = meaning(ofStatus: status)
            return AttemptFailure(ModelError(kind, message), isRetryable: mayRetry)
        }
        if mentions("rate_limit_exceeded", "rate_limit_error") {
            return AttemptFailure(ModelError(.rateLimited, message), isRetryable: true)
        }
        if mentions("insufficient_quota") {
            return AttemptFailure(ModelError(.rateLimited, message), isRetryable: false)
        }
        if mentions("invalid_api_key", "authentication_error", "permission_error") {
            return AttemptFailure(ModelError(.unauthorized, message), isRetryable: false)
        }
        if mentions("invalid_request_error", "context_length_exceeded", "exceed_context_size_error", "not_found_error")
        {
            return AttemptFailure(ModelError(.invalidRequest, message), isRetryable: false)
        }
        return AttemptFailure(ModelError(.unavailable, message), isRetryable: true)
    }

    private func meaning(ofStatus status: Int) -> (kind: ModelError.Kind, mayRetry: Bool) {
        if isFiltered { return (.contentFiltered, false) }
        switch status {
        case 401, 402, 403: return (.unauthorized, false)
        // A quota that is used up does not come back in seconds.
        case 429: return (.rateLimited, !mentions("insufficient_quota"))
        // Groq's way to say that its spare capacity is gone.
        case 498: return (.rateLimited, true)
        case 408, 409, 499, 500...: return (.unavailable, true)
        // Not followed, since the key would go along: the address is wrong, which the operator must mend.
        case 300...399: return (.unavailable, false)
        default: return (.invalidRequest, false)
        }
    }

    private func sentence(status: Int?, words: ProviderMessage) -> String {
        let cleaned = words.clean(message)
        let head = status.map { "the model's provider answered \($0)" } ?? "the model's provider reported an error"
        let label = words.clean(code.isEmpty ? type : code)
        let detail = label.isEmpty || label == status.map(String.init) ? "" : " (\(label))"
        return head + detail + (cleaned.isEmpty ? " without an explanation" : ": \(cleaned)")
    }
}
