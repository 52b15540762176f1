// Bytes to frames. Pure: no socket, no clock. Frames that lie whole in the input are handed on in place; only the rest
// of one that does not is kept, and it grows with the bytes that came, never with the length that was claimed.

/// Bytes that cannot be frames; the connection cannot go on.
package enum WireError: Error, Sendable, Equatable {
    /// The first byte of a length was not zero, which is reserved: a peer that speaks another protocol, or that is out
    /// of step. Frames up to 16 MiB - 1 are read past instead when they are above the limit.
    case reservedLengthByte(UInt8)
}

/// Splits a connection's bytes into frames.
package struct FrameDecoder: Sendable {
    private let payloadBytesMax: Int
    /// The beginning of a frame whose rest has not arrived.
    private var partial: [UInt8] = []
    /// What is left of a frame that is too large, to be read past.
    private var skipBytes = 0

    /// - Parameter payloadBytesMax: the largest payload to accept; larger ones are read past.
    package init(payloadBytesMax: Int = WireLimits.payloadBytesDefault) {
        precondition(
            payloadBytesMax > 0 && payloadBytesMax <= WireLimits.payloadBytesMax,
            "the frame limit lies between 1 byte and the protocol's 4 MiB")
        self.payloadBytesMax = payloadBytesMax
    }

    /// Memory that the beginning of a frame takes while its rest is awaited.
    package var heldBytes: Int { partial.capacity }

    /// True between the first and the last byte of a frame.
    package var isInsideFrame: Bool { !partial.isEmpty || skipBytes > 0 }

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - frame: gets each whole frame; the payload lives until it returns. Returning false ends the decoding at once,
    /// for a connection that closed.
    ///   - oversized: gets the header of a frame above the limit, once, before its payload is read past.
    package mutating func decode(
        _ bytes: Span<UInt8>, frame: (FrameHeader, Span<UInt8>) -> Bool, oversized: (FrameHeader) -> Bool
    ) throws(WireError) {
        var offset = 0
        while offset < bytes.count {
            if skipBytes > 0 {
                let count = min(skipBytes, bytes.count - offset)
                skipBytes -= count
                offset += count
            } else if !partial.isEmpty {
                guard try completePartial(bytes, &offset, frame: frame, oversized: oversized) else { return }
            } else if bytes.count - offset < WireLimits.headerBytes {
                return try keep(bytes, from: offset)
            } else {
                let header = try checkedHeader(bytes, at: offset)
                let payloadStart = offset + WireLimits.headerBytes
                let length = Int(header.length)
                if length > payloadBytesMax {
                    skipBytes = length
                    offset = payloadStart
                    guard oversized(header) else { return }
                } else if bytes.count - payloadStart >= length {
                    offset = payloadStart + length
                    guard frame(header, bytes.extracting(payloadStart..<offset)) else { return }
                } else {
                    return try keep(bytes, from: offset)
                }
            }
        }
    }

    private func checkedHeader(_ bytes: Span<UInt8>, at offset: Int) throws(WireError) -> FrameHeader {
        guard bytes[offset] == 0 else { throw .reservedLengthByte(bytes[offset]) }
        return FrameHeader(bytes, at: offset)
    }

    private mutating func keep(_ bytes: Span<UInt8>, from offset: Int) throws(WireError) {
        guard bytes[offset] == 0 else { throw .reservedLengthByte(bytes[offset]) }
        partial.reserveCapacity(bytes.count - offset)
        append(bytes, from: offset, count: bytes.count - offset)
    }

    private mutating func append(_ bytes: Span<UInt8>, from offset: Int, count: Int) {
        bytes.extracting(offset..<offset + count).withUnsafeBufferPointer { partial.append(contentsOf: $0) }
    }

    /// Moves bytes to the partial frame until its header, then its payload is whole. Returns false to end the decoding.
    private mutating func completePartial(
        _ bytes: Span<UInt8>, _ offset: inout Int, frame: (FrameHeader, Span<UInt8>) -> Bool,
        oversized: (FrameHeader) -> Bool
    ) throws(WireError) -> Bool {
        let isHeaderWhole = partial.count >= WireLimits.headerBytes
        let wanted =
            isHeaderWhole
            ? WireLimits.headerBytes + Int(FrameHeader(partial.span, at: 0).length) : WireLimits.headerBytes
        let count = min(wanted - partial.count, bytes.count - offset)
        append(bytes, from: offset, count: count)
        offset += count
        guard partial.count == wanted else { return true }
        let header = try checkedHeader(partial.span, at: 0)
        if !isHeaderWhole {
            if Int(header.length) > payloadBytesMax {
                partial = []
                skipBytes = Int(header.length)
                return oversized(header)
            }
            guard header.length == 0 else { return true }
        }
        // Taken out first: an idle connection keeps no buffer, and `frame` may look at this decoder's owner.
        let whole = partial
        partial = []
        return frame(header, whole.span.extracting(WireLimits.headerBytes..<whole.count))
    }
}
