// Packs and unpacks generated messages through protobuf-c. Used by every generated message, on whichever thread calls.

internal import CChatProto

/// A message that has a C struct made by protoc-c. The generated conformances are the only ones.
protocol CMessageConvertible: Sendable {
    associatedtype CMessage

    static var fullName: String { get }

    /// protoc-c's unpack function.
    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<CMessage>?

    /// Copies all that the struct holds; keeps no pointer.
    init(_ c: UnsafePointer<CMessage>) throws(ProtoError)

    /// Initialises the struct and fills it; what it points to lives in the arena.
    func fill(_ c: UnsafeMutablePointer<CMessage>, _ arena: Arena)
}

enum MessageCodec {
    /// Unpacks a message within the memory that its size allows.
    ///
    /// - Throws: `ProtoError`; nothing is leaked on any path.
    @inline(__always)
    static func unpack<M: CMessageConvertible>(_ bytes: Span<UInt8>) throws(ProtoError) -> M {
        try withUnpacked(bytes, as: M.self) { c, _ throws(ProtoError) in try M(c) }
    }

    /// Unpacks into a C struct that lives for the call of `body`.
    @inline(__always)
    static func withUnpacked<M: CMessageConvertible, R: ~Copyable>(
        _ bytes: Span<UInt8>, as type: M.Type,
        _ body: (UnsafePointer<M.CMessage>, Arena) throws(ProtoError) -> R
    ) throws(ProtoError) -> R {
        try Arena.with(
            budget: UnpackingLimits.budget(forBytes: bytes.count), expecting: 2 * bytes.count
        ) { arena throws(ProtoError) in
            try body(try unpack(bytes, as: type, in: arena), arena)
        }
    }

    /// Unpacks into a C struct that lives as long as the arena.
    @inline(__always)
    static func unpack<M: CMessageConvertible>(
        _ bytes: Span<UInt8>, as type: M.Type, in arena: Arena
    ) throws(ProtoError) -> UnsafePointer<M.CMessage> {
        let unpacked = bytes.withUnsafeBufferPointer { buffer in
            arena.withAllocator { allocator in
                // Without bytes there is no address; protobuf-c does not read it then.
                let base = buffer.baseAddress ?? UnsafePointer(emptyBytes)
                return M.unpackC(allocator, buffer.count, base)
            }
        }
        guard let unpacked else {
            throw arena.state.pointee.wasExhausted
                ? ProtoError.overBudget(message: M.fullName) : ProtoError.malformed(message: M.fullName)
        }
        return UnsafePointer(unpacked)
    }

    /// Packs a message into an array of exactly its size.
    @inline(__always)
    static func pack<M: CMessageConvertible>(_ message: M) -> [UInt8] {
        Arena.with(budget: .max, expecting: 0) { arena in
            var result: [UInt8] = []
            let c = arena.message(message)
            let size = packedSize(c)
            if size > 0 { append(c, size: size, to: &result) }
            return result
        }
    }

    /// How many bytes a filled C struct packs to.
    @inline(__always)
    static func packedSize<C>(_ c: UnsafePointer<C>) -> Int {
        protobuf_c_message_get_packed_size(base(c))
    }

    /// Packs a filled C struct behind what `buffer` holds.
    ///
    /// - Parameter size: what `packedSize` says.
    @inline(__always)
    static func append<C>(_ c: UnsafePointer<C>, size: Int, to buffer: inout [UInt8]) {
        // An array's initialiser for uninitialised memory would look its type up at run time; this is specialised.
        buffer.append(addingCapacity: size) { output in
            output.withUnsafeMutableBufferPointer { target, count in
                guard let start = target.baseAddress, size > 0 else { return }
                count = protobuf_c_message_pack(base(c), start)
            }
        }
    }

    /// Every C struct of protoc-c begins with its ProtobufCMessage.
    @inline(__always)
    private static func base<C>(_ c: UnsafePointer<C>) -> UnsafePointer<ProtobufCMessage> {
        UnsafeRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self)
    }

    /// A valid address for no bytes. Never written, never freed.
    nonisolated(unsafe) private static let emptyBytes: UnsafeMutablePointer<UInt8> = .allocate(capacity: 1)
}

// MARK: - Packing: Swift values into C memory

extension Arena {
    /// Memory that packing cannot do without.
    @inline(__always)
    func require(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard let pointer = allocate(bytes) else {
            preconditionFailure("out of memory: packing a message needs \(bytes) more bytes")
        }
        return pointer
    }

    @inline(__always)
    func message<M: CMessageConvertible>(_ message: M) -> UnsafeMutablePointer<M.CMessage> {
        let pointer = require(MemoryLayout<M.CMessage>.size).bindMemory(to: M.CMessage.self, capacity: 1)
        message.fill(pointer, self)
        return pointer
    }

    @inline(__always)
    func bytes(_ value: [UInt8]) -> ProtobufCBinaryData {
        value.withUnsafeBytes { copy($0) }
    }

    @inline(__always)
    func text(_ value: String) -> ProtobufCBinaryData {
        if let data = value.utf8.withContiguousStorageIfAvailable({ copy(UnsafeRawBufferPointer($0)) }) { return data }
        return bytes(Array(value.utf8))
    }

    @inline(__always)
    private func copy(_ buffer: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
        guard let source = buffer.baseAddress, buffer.count > 0 else { return ProtobufCBinaryData(len: 0, data: nil) }
        let target = require(buffer.count)
        target.copyMemory(from: source, byteCount: buffer.count)
        return ProtobufCBinaryData(
            len: buffer.count, data: target.bindMemory(to: UInt8.self, capacity: buffer.count))
    }

    /// A C array; nil for none.
    @inline(__always)
    func list<T, C>(_ values: [T], _ convert: (T) -> C) -> UnsafeMutablePointer<C>? {
        guard !values.isEmpty else { return nil }
        let pointer = require(values.count * MemoryLayout<C>.stride).bindMemory(to: C.self, capacity: values.count)
        for (index, value) in values.enumerated() { (pointer + index).initialize(to: convert(value)) }
        return pointer
    }

    func texts(_ values: [String]) -> UnsafeMutablePointer<ProtobufCBinaryData>? { list(values, text) }

    func byteLists(_ values: [[UInt8]]) -> UnsafeMutablePointer<ProtobufCBinaryData>? { list(values, bytes) }

    @inline(__always)
    func messages<M: CMessageConvertible>(
        _ values: [M]
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>? {
        list(values) { message($0) }
    }
}
