// Sessions as the scripts give them: the meta hash and what the list tells.

internal import ChatEngine
internal import JSON

enum SessionFormat {
    /// Reads what `session()` of the scripts returns.
    static func session(owner: String, id: String, _ value: RedisValue) throws(EngineError) -> Session {
        guard let count = value[0]?.integer, let generation = value[1]?.unsigned, let made = value[5]?.integer,
            let active = value[6]?.integer, let expiry = value[7]?.integer
        else { throw damage }
        var title = value[2]?.text
        if title == nil, let first = value[8] {
            // Made by another program: it is called by its first words, as ours are.
            title = MessageFormat.readable(first, at: 1).map { Title.firstWords(of: $0.text) }
        }
        return Session(
            id: id, owner: owner, userID: value[3]?.text ?? "", title: title ?? "", labels: labels(value[4]),
            messageCount: Int(count), createdAtMicroseconds: made, lastActivityMicroseconds: active,
            expiresAtMicroseconds: expiry > 0 ? expiry * 1000 : nil, generation: generation)
    }

    static var damage: EngineError {
        EngineError(
            .internalError, reason: "STORE_DAMAGED",
            "what the store holds of this session cannot be read; its operator finds its keys in the guide")
    }

    // MARK: Labels

    /// Empty for none.
    static func text(_ labels: [String: String]) -> String {
        guard !labels.isEmpty else { return "" }
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
                writer.key(name)
                writer.string(value)
            }
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private static func labels(_ value: RedisValue?) -> [String: String] {
        guard let text = value?.text, !text.isEmpty, let document = try? JSONDocument(Array(text.utf8)) else {
            return [:]
        }
        var labels: [String: String] = [:]
        if let members = document.root.members {
            for (name, value) in members { labels[name] = value.string }
        }
        return labels
    }
}
