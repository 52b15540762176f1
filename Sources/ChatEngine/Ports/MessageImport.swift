// Messages that come from another server or program, on their way into the store.

/// Messages of one session, in order and without a gap.
public struct ImportRequest: Sendable {
    public var owner: String
    public var sessionID: String
    /// Becomes the session's user when this makes the session.
    public var userID: String
    /// Becomes the session's title when this makes the session; empty for the first words of the messages.
    public var title: String
    /// Become the session's labels when this makes the session.
    public var labels: [String: String]
    /// When the session began, in microseconds since 1970; 0 for now. Of use when this makes the session.
    public var createdAtMicroseconds: Int64
    /// The place of the first message in the session, from 1.
    public var firstPosition: Int
    /// At least one. Their own positions are not read.
    public var messages: [StoredMessage]

    /// A request; see the properties.
    public init(
        owner: String, sessionID: String, userID: String = "", title: String = "", labels: [String: String] = [:],
        createdAtMicroseconds: Int64 = 0, firstPosition: Int = 1, messages: [StoredMessage]
    ) {
        self.owner = owner
        self.sessionID = sessionID
        self.userID = userID
        self.title = title
        self.labels = labels
        self.createdAtMicroseconds = createdAtMicroseconds
        self.firstPosition = firstPosition
        self.messages = messages
    }
}

/// A request that was checked, and the lock that it is stored under.
public struct MessageImport: Sendable {
    public var request: ImportRequest
    /// The session's lock, which must still be held with `lockToken`.
    public var lockKey: LockKey
    public var lockToken: LockToken
    /// How long the session lives without a turn; nil for ever.
    public var idleLifetime: Duration?

    /// An import; see the properties.
    public init(request: ImportRequest, lockKey: LockKey, lockToken: LockToken, idleLifetime: Duration?) {
        self.request = request
        self.lockKey = lockKey
        self.lockToken = lockToken
        self.idleLifetime = idleLifetime
    }
}

/// What became of an import. All but the first changed nothing.
public enum ImportOutcome: Sendable, Equatable {
    /// The messages are in the session. `added` of them were not there before; where it is 0 nothing changed.
    case imported(Session, added: Int)
    /// Other messages stand there, or the session ends before the first position.
    case conflict
    /// The token does not hold the session's lock any more.
    case lockLost
}

extension ImportRequest {
    /// The messages that go behind the first `count` of the session; nil where the session is too short for them.
    package func newMessages(behind count: Int) -> ArraySlice<StoredMessage>? {
        let known = count - (firstPosition - 1)
        guard known >= 0 else { return nil }
        return messages.dropFirst(known)
    }

    /// True when the stored message is the one that stands at its place here.
    package func repeats(_ stored: StoredMessage) -> Bool {
        let message = messages[stored.position - firstPosition]
        return message.role == stored.role && message.text == stored.text
    }
}
