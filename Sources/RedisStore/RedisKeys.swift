// The names of everything in Redis. The list of a conversation has the name that Python programs know; all else stands
// beside it, in the same slot of a cluster, and never under the prefix that those programs scan. Pure.

internal import ChatEngine

/// Names under one deployment's cache key. The digit in a kind is its format's version: replicas of two versions of
/// this program work side by side as long as they use the same one.
struct RedisKeys: Sendable, Equatable {
    /// What the platform's services call it; no braces, so that a list key is never cut by a hash tag.
    let cacheKey: String
    /// Whose conversations the platform's other programs share. Other owners' lie elsewhere.
    let sharedOwner: String

    /// Longer ones are mistakes.
    static let cacheKeyBytesMax = 64

    init(cacheKey: String = "finance_app", sharedOwner: String = "") {
        self.cacheKey = cacheKey
        self.sharedOwner = sharedOwner
    }

    // MARK: Conversations

    var sharedPrefix: String { "\(cacheKey):chat:" }
    private var ownedPrefix: String { "\(cacheKey):owned-chat:" }

    /// LangChain's list of a conversation.
    func list(owner: String, id: String) -> String {
        owner == sharedOwner ? sharedPrefix + id : "\(ownedPrefix)\(Self.escaped(owner)):\(id)"
    }

    /// The owner and the id of a list that `list` names; nil for any other key.
    func conversation(ofList key: String) -> (owner: String, id: String)? {
        if key.hasPrefix(sharedPrefix) {
            let id = key.dropFirst(sharedPrefix.count)
            return id.isEmpty ? nil : (sharedOwner, String(id))
        }
        guard key.hasPrefix(ownedPrefix) else { return nil }
        let parts = key.dropFirst(ownedPrefix.count).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, let owner = Self.unescaped(parts[0]) else { return nil }
        return (owner, String(parts[1]))
    }

    /// What `SCAN` is asked for to find every list: this and those of `conversation(ofList:)`.
    var listPattern: String { Self.globEscaped(cacheKey) + ":*chat:*" }

    /// Everything of one conversation, in one slot.
    func conversation(owner: String, id: String) -> ConversationKeys {
        ConversationKeys(cacheKey: cacheKey, list: list(owner: owner, id: id))
    }

    // MARK: Lists of sessions

    /// An owner's sessions by activity.
    func index(owner: String) -> String { "\(cacheKey):index1:{\(Self.escaped(owner))}" }

    /// Every owner's, as `indexMember` names them.
    var indexOfAll: String { "\(cacheKey):index-of-all1" }

    static func indexMember(owner: String, id: String) -> String { "\(escaped(owner))/\(id)" }

    static func session(ofIndexMember member: String) -> (owner: String, id: String)? {
        let parts = member.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let owner = unescaped(parts[0]) else { return nil }
        return (owner, String(parts[1]))
    }

    // MARK: Locks

    /// The lock's lease and fence.
    func lock(_ key: LockKey) -> String {
        switch key.kind {
        case .session: conversation(owner: key.owner, id: key.name).lock
        case .service: "\(cacheKey):lock1:{\(Self.escaped(key.owner))/\(key.name)}"
        }
    }

    /// Where those who wait for a lock, or hold it, listen.
    func lockChannel(_ key: LockKey) -> String { lock(key) + ":events" }

    // MARK: The deployment

    /// Which server was seen last.
    var server: String { "\(cacheKey):server1" }
    /// Held by the replica that repairs the lists of sessions.
    var repair: String { "\(cacheKey):repair1" }

    // MARK: Escapes

    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~@".utf8)

    /// Percent-encoded, so that it holds no colon, slash or brace.
    static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy(plain.contains) { return text }
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            if plain.contains(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func globEscaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "*?[]^-\\".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

/// The keys of one conversation. All but the list name it in braces: one slot.
struct ConversationKeys: Sendable, Equatable {
    /// LangChain's list, the newest message first.
    let list: String
    /// Hash: title, labels, times, generation.
    let meta: String
    /// Hash: what is remembered of finished turns, by their ids.
    let turns: String
    /// List: those ids with their times, the oldest first.
    let turnOrder: String
    /// Hash: who holds the conversation.
    let lock: String

    init(cacheKey: String, list: String) {
        self.list = list
        meta = "\(cacheKey):session1:{\(list)}"
        turns = "\(cacheKey):turns1:{\(list)}"
        turnOrder = "\(cacheKey):turn-order1:{\(list)}"
        lock = "\(cacheKey):session-lock1:{\(list)}"
    }
}
