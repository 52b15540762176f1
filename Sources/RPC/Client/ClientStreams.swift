// The calls of one client connection by stream id, and what each frame means for them. Pure: frames' headers in,
// verdicts out.

internal import Wire

/// What a frame from the server means.
enum FrameVerdict<Call> {
    /// A call's Response: its outcome, after which nothing more comes for it.
    case response(Call)
    /// One message of a stream; `isLast` when the stream ends with it.
    case message(Call, isLast: Bool)
    /// A stream ended well.
    case end(Call)
    /// The frame cannot belong to this call, which fails; the reason in words.
    case violation(StreamID, Call, String)
    /// A PING to be answered.
    case ping
    case pong
    /// The server takes no new calls on this connection.
    case drain
    /// Late frames of calls that were given up, and types that this version does not know.
    case ignored
}

/// A connection's calls. `Call` is whatever the connection wants back.
struct ClientStreams<Call> {
    enum Shape {
        case unary
        case serverStream
    }

    private var ids = StreamIDSequence()
    private var calls: [StreamID: (shape: Shape, call: Call)] = [:]
    private(set) var unaryCount = 0
    /// True once new calls must go elsewhere: the server drains, or the ids are used up.
    private(set) var isClosedForCalls = false

    init() {}

    var count: Int { calls.count }
    var isEmpty: Bool { calls.isEmpty }

    /// Takes the next id, which must be written in the same turn: servers insist on growing ids. Nil when none may
    /// begin.
    mutating func begin(_ shape: Shape, _ call: Call) -> StreamID? {
        guard !isClosedForCalls else { return nil }
        guard let id = ids.take() else {
            isClosedForCalls = true
            return nil
        }
        calls[id] = (shape, call)
        if shape == .unary { unaryCount += 1 }
        return id
    }

    /// No new calls: the connection drains or is being replaced.
    mutating func closeForCalls() { isClosedForCalls = true }

    /// Forgets a call: frames that still come for it are ignored. Nil when it had ended.
    mutating func remove(_ id: StreamID) -> Call? {
        guard let entry = calls.removeValue(forKey: id) else { return nil }
        if entry.shape == .unary { unaryCount -= 1 }
        return entry.call
    }

    /// Forgets all calls, for a connection that ended.
    mutating func removeAll() -> [Call] {
        let all = calls.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value.call)
        calls = [:]
        unaryCount = 0
        isClosedForCalls = true
        return all
    }

    mutating func received(_ header: FrameHeader) -> FrameVerdict<Call> {
        switch header.type {
        case .response:
            return remove(header.streamID).map { .response($0) } ?? .ignored
        case .data:
            return data(header)
        case .request:
            return violation(header.streamID, "the server sent a request on the call's id")
        case .ping:
            return header.streamID == .connection ? .ping : .ignored
        case .pong:
            return header.streamID == .connection ? .pong : .ignored
        case .drain:
            guard header.streamID == .connection else { return .ignored }
            isClosedForCalls = true
            return .drain
        default:
            return .ignored
        }
    }

    /// A frame above the limit, which is read past.
    mutating func oversized(_ header: FrameHeader) -> Call? {
        header.type == .response || header.type == .data ? remove(header.streamID) : nil
    }

    private mutating func data(_ header: FrameHeader) -> FrameVerdict<Call> {
        guard let entry = calls[header.streamID] else { return .ignored }
        guard entry.shape == .serverStream else {
            return violation(header.streamID, "the server streamed an answer to a call that has a single one")
        }
        let isLast = header.flags.contains(.remoteClosed)
        if isLast { _ = remove(header.streamID) }
        if header.flags.contains(.noData) {
            if header.length > 0 { return violation(header, entry.call) }
            return isLast ? .end(entry.call) : .ignored
        }
        return .message(entry.call, isLast: isLast)
    }

    private mutating func violation(_ header: FrameHeader, _ call: Call) -> FrameVerdict<Call> {
        _ = remove(header.streamID)
        return .violation(header.streamID, call, "the server sent bytes in a frame that claims to have none")
    }

    private mutating func violation(_ id: StreamID, _ words: String) -> FrameVerdict<Call> {
        remove(id).map { .violation(id, $0, words) } ?? .ignored
    }
}

extension ClientStreams: Sendable where Call: Sendable {}
