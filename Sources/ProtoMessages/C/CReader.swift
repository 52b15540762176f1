// From the fields of unpacked C structs to Swift values. Everything is copied; protobuf-c gives NULL for what is empty
// or absent. Used by the generated conversions.

internal import CChatProto

enum CReader {
    /// A text, checked to be UTF-8. It may hold U+0000.
    @inline(__always)
    static func text(
        _ data: ProtobufCBinaryData, _ field: @autoclosure () -> String
    ) throws(ProtoError) -> String {
        guard data.len > 0 else { return "" }
        // Half the time of String(validating:as:).
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: buffer(data).span))
        } catch {
            throw ProtoError.invalidUTF8(field: field())
        }
    }

    /// The bytes where they are; they live as long as the unpacked struct.
    @inline(__always)
    static func buffer(_ data: ProtobufCBinaryData) -> UnsafeBufferPointer<UInt8> {
        guard data.len > 0, let base = data.data else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: UnsafePointer(base), count: data.len)
    }

    /// Copies the bytes to memory that has room for them.
    @inline(__always)
    static func copy(_ data: ProtobufCBinaryData, to target: UnsafeMutableRawPointer) {
        guard data.len > 0, let base = data.data else { return }
        target.copyMemory(from: base, byteCount: data.len)
    }

    /// Refuses a text that is not UTF-8 without making a String of it.
    @inline(__always)
    static func requireUTF8(_ data: ProtobufCBinaryData, _ field: @autoclosure () -> String) throws(ProtoError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: buffer(data).span)
        } catch {
            throw ProtoError.invalidUTF8(field: field())
        }
    }

    @inline(__always)
    static func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
        Array(buffer(data))
    }

    /// A submessage; nil when it was not sent.
    @inline(__always)
    static func message<M: CMessageConvertible>(
        _ pointer: UnsafeMutablePointer<M.CMessage>?, as type: M.Type
    ) throws(ProtoError) -> M? {
        guard let pointer else { return nil }
        return try M(pointer)
    }

    @inline(__always)
    static func messages<M: CMessageConvertible>(
        _ count: Int, _ list: UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?, as type: M.Type
    ) throws(ProtoError) -> [M] {
        guard count > 0, let list else { return [] }
        var result: [M] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            guard let element = list[index] else { continue }
            result.append(try M(element))
        }
        return result
    }

    static func texts(
        _ count: Int, _ list: UnsafeMutablePointer<ProtobufCBinaryData>?, _ field: @autoclosure () -> String
    ) throws(ProtoError) -> [String] {
        guard count > 0, let list else { return [] }
        var result: [String] = []
        result.reserveCapacity(count)
        for index in 0..<count { result.append(try text(list[index], field())) }
        return result
    }

    static func byteLists(_ count: Int, _ list: UnsafeMutablePointer<ProtobufCBinaryData>?) -> [[UInt8]] {
        self.list(count, list, bytes)
    }

    @inline(__always)
    static func list<C, T>(_ count: Int, _ list: UnsafeMutablePointer<C>?, _ convert: (C) -> T) -> [T] {
        guard count > 0, let list else { return [] }
        return (0..<count).map { convert(list[$0]) }
    }
}
