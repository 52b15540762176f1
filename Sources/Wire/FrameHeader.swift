// The ten bytes before every payload: length, stream id, type, flags; numbers big-endian.

/// What a frame is. Unknown types are ignored by both sides, so the protocol can grow.
package struct FrameType: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let request = FrameType(rawValue: 0x01)
    package static let response = FrameType(rawValue: 0x02)
    package static let data = FrameType(rawValue: 0x03)
    /// Asks for a `pong` with the same payload; also says that the sender knows the extensions.
    package static let ping = FrameType(rawValue: 0x04)
    package static let pong = FrameType(rawValue: 0x05)
    /// Client to server, on the id of a call: stop it, and answer CANCELLED.
    package static let cancel = FrameType(rawValue: 0x80)
    /// Server to client, on `StreamID.connection`: no new calls on this connection.
    package static let drain = FrameType(rawValue: 0x81)
}

/// A frame's flags. Unknown bits are ignored.
package struct FrameFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// No flag. Written as `[]` in another module, it is made by generic code there: 750 instructions a frame.
    package static let none: FrameFlags = []
    /// The sender says no more on this stream.
    package static let remoteClosed = FrameFlags(rawValue: 0x01)
    /// The sender will send data frames on this stream.
    package static let remoteOpen = FrameFlags(rawValue: 0x02)
    /// The frame carries no message, not even an empty one.
    package static let noData = FrameFlags(rawValue: 0x04)

    /// How a stream ends: an empty data frame, since stock clients read an OK response as one more message.
    package static let streamEnd: FrameFlags = [.remoteClosed, .noData]
}

/// The id of a call within its connection, chosen by the client.
package struct StreamID: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Where frames about the whole connection go; odd, so that stock servers ignore it.
    package static let connection = StreamID(rawValue: 0xFFFF_FFFF)

    /// True for an id that a call may have.
    package var isCall: Bool { rawValue % 2 == 1 && self != .connection }

    package var description: String { String(rawValue) }
}

/// The ids of a client's calls, in order: 1, 3, 5, and so on.
package struct StreamIDSequence: Sendable {
    private var next: UInt32 = 1

    package init() {}

    /// The next id; nil when all are used and the connection must be replaced.
    package mutating func take() -> StreamID? {
        let id = StreamID(rawValue: next)
        guard id.isCall else { return nil }
        next += 2
        return id
    }
}

/// A frame's header.
package struct FrameHeader: Sendable, Hashable {
    /// The payload's size in bytes, header not counted.
    package var length: UInt32
    package var streamID: StreamID
    package var type: FrameType
    package var flags: FrameFlags

    package init(length: Int, streamID: StreamID, type: FrameType, flags: FrameFlags = .none) {
        precondition(length <= WireLimits.payloadBytesMax, "a frame of ours never passes the protocol's limit")
        self.length = UInt32(length)
        self.streamID = streamID
        self.type = type
        self.flags = flags
    }

    /// Reads a header from the first ten bytes at `offset`.
    @inline(__always)
    init(_ bytes: Span<UInt8>, at offset: Int) {
        precondition(bytes.count - offset >= WireLimits.headerBytes, "a header has ten bytes")
        length = Self.number(bytes, at: offset)
        streamID = StreamID(rawValue: Self.number(bytes, at: offset + 4))
        type = FrameType(rawValue: bytes[offset + 8])
        flags = FrameFlags(rawValue: bytes[offset + 9])
    }

    /// Adds the header's ten bytes.
    @inline(__always)
    package func append(to bytes: inout [UInt8]) {
        let lengthAndID = (UInt64(length) << 32 | UInt64(streamID.rawValue)).bigEndian
        withUnsafeBytes(of: lengthAndID) { bytes.append(contentsOf: $0) }
        bytes.append(type.rawValue)
        bytes.append(flags.rawValue)
    }

    @inline(__always)
    private static func number(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16 | UInt32(bytes[offset + 2]) << 8
            | UInt32(bytes[offset + 3])
    }
}
