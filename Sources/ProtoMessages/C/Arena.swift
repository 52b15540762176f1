// The one owner of C memory: a bump allocator that lives for one unpack or one pack and gives everything back at once.
// Used by MessageCodec and Envelope, on whichever thread calls; never shared, never kept.

internal import CChatProto
private import Glibc

/// What unpacking may cost.
package enum UnpackingLimits {
    /// Memory for unpacking, per byte of the frame. Honest messages need 1 to 7: C structs hold 16 bytes for a text and
    /// 24 for a message, and protobuf-c notes 32 bytes for every field it meets.
    package static let budgetPerByte = 8
    /// Memory that may be taken whatever the frame's size, in bytes. A page of 500 messages that are two letters each
    /// is 5 KB on the wire and 85 KB as structs, and their tool calls may be as dense; a loop unpacks one frame at a
    /// time, so this is there once a thread.
    package static let budgetFloorBytes = 262_144

    /// The most memory that unpacking `count` bytes may take.
    package static func budget(forBytes count: Int) -> Int { count * budgetPerByte + budgetFloorBytes }
}

/// A handle on the arena's state, which lives in the frame of `with`. Does not outlive that call.
struct Arena {
    /// The first piece is on the stack: most messages need no other.
    static let stackBytes = 1_024
    /// The smallest piece from the heap.
    static let pieceBytesMin = 4_096
    /// What protobuf-c's structs are aligned to.
    static let alignment = 8
    /// protobuf-c keeps notes on fields in slabs of this size and twice, four times, ... as much, and frees them after
    /// each message. They are used again for the next message; anything smaller is not worth the note.
    static let slabBytesMin = 1_024
    /// How many slabs are remembered, so that looking for one stays cheap whatever a peer sends. Messages nest three
    /// deep, and the largest frame needs 13 slabs for its outermost message.
    static let slabsMax = 24

    /// Stands before every slab that is remembered.
    struct Slab {
        var next: UnsafeMutablePointer<Slab>?
        var bytes: Int
        var isFree: Bool
    }

    /// The arena itself.
    struct State {
        var cursor: UnsafeMutableRawPointer
        var end: UnsafeMutableRawPointer
        /// Pieces from the heap, linked through their first word.
        var pieces: UnsafeMutableRawPointer?
        /// Memory taken so far, the stack's included.
        var takenBytes: Int
        let budgetBytes: Int
        /// The size to try for the next piece.
        var nextPieceBytes: Int
        var wasExhausted = false
        var slabs: UnsafeMutablePointer<Slab>?
        var slabCount = 0
    }

    let state: UnsafeMutablePointer<State>

    /// Runs `body` with an arena that may take `budget` bytes; all of it is given back when `body` returns or throws.
    @inline(__always)
    static func with<R: ~Copyable, E: Error>(
        budget: Int, expecting bytes: Int, _ body: (Arena) throws(E) -> R
    ) throws(E) -> R {
        try withUnsafeTemporaryAllocation(byteCount: stackBytes, alignment: 16) { stack throws(E) in
            // A temporary allocation of a fixed size is never empty.
            let base = stack.baseAddress.unsafelyUnwrapped
            var state = State(
                cursor: base, end: base + min(stackBytes, max(budget, 0)), pieces: nil,
                takenBytes: min(stackBytes, max(budget, 0)), budgetBytes: budget,
                nextPieceBytes: max(pieceBytesMin, bytes))
            return try withUnsafeMutablePointer(to: &state) { pointer throws(E) in
                defer { if pointer.pointee.pieces != nil { giveBack(&pointer.pointee) } }
                return try body(Arena(state: pointer))
            }
        }
    }

    /// Frees the pieces from the heap.
    @inline(never)
    private static func giveBack(_ state: inout State) {
        var next = state.pieces
        while let piece = next {
            next = piece.load(as: UnsafeMutableRawPointer?.self)
            free(piece)
        }
        state.pieces = nil
    }

    /// Memory for `bytes` bytes, not initialised; nil when the budget or the machine's memory is used up.
    @inline(__always)
    func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
        // `bytes` comes from protobuf-c as size_t: a huge one is negative here.
        guard bytes >= 0, bytes <= state.pointee.budgetBytes else {
            state.pointee.wasExhausted = true
            return nil
        }
        let rounded = (bytes + (Self.alignment - 1)) & ~(Self.alignment - 1)
        let cursor = state.pointee.cursor
        guard rounded <= state.pointee.end - cursor else { return allocateFromNewPiece(rounded) }
        state.pointee.cursor = cursor + rounded
        return cursor
    }

    @inline(never)
    private func allocateFromNewPiece(_ bytes: Int) -> UnsafeMutableRawPointer? {
        let header = 16
        let remaining = state.pointee.budgetBytes - state.pointee.takenBytes
        let needed = bytes + header
        guard needed <= remaining else {
            state.pointee.wasExhausted = true
            return nil
        }
        let size = max(needed, min(state.pointee.nextPieceBytes, remaining))
        guard let piece = malloc(size) else {
            state.pointee.wasExhausted = true
            return nil
        }
        piece.storeBytes(of: state.pointee.pieces, as: UnsafeMutableRawPointer?.self)
        state.pointee.pieces = piece
        state.pointee.takenBytes += size
        state.pointee.nextPieceBytes = size < Int.max / 4 ? size * 2 : size
        state.pointee.cursor = piece + needed
        state.pointee.end = piece + size
        return piece + header
    }
}

// MARK: - As protobuf-c's allocator

extension Arena {
    /// Runs `body` with this arena as protobuf-c's allocator. `free` gives nothing back, except slabs for another use.
    @inline(__always)
    func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
        var allocator = ProtobufCAllocator(
            alloc: { data, size in
                guard let data else { return nil }
                let arena = Arena(state: data.assumingMemoryBound(to: State.self))
                let isSlab = size >= Arena.slabBytesMin && size & (size - 1) == 0
                return isSlab ? arena.allocateSlab(size) : arena.allocate(size)
            },
            free: { data, pointer in
                guard let data, let pointer else { return }
                let arena = Arena(state: data.assumingMemoryBound(to: State.self))
                arena.freeSlab(pointer)
            },
            allocator_data: UnsafeMutableRawPointer(state))
        return body(&allocator)
    }

    /// As `allocate`, and takes a slab that was freed before.
    @inline(never)
    private func allocateSlab(_ bytes: Int) -> UnsafeMutableRawPointer? {
        var next = state.pointee.slabs
        while let slab = next {
            if slab.pointee.isFree, slab.pointee.bytes >= bytes {
                slab.pointee.isFree = false
                return UnsafeMutableRawPointer(slab + 1)
            }
            next = slab.pointee.next
        }
        guard state.pointee.slabCount < Self.slabsMax else { return allocate(bytes) }
        guard bytes <= state.pointee.budgetBytes else { return allocate(bytes) }
        guard let memory = allocate(MemoryLayout<Slab>.stride + bytes) else { return nil }
        let slab = memory.bindMemory(to: Slab.self, capacity: 1)
        slab.initialize(to: Slab(next: state.pointee.slabs, bytes: bytes, isFree: false))
        state.pointee.slabs = slab
        state.pointee.slabCount += 1
        return UnsafeMutableRawPointer(slab + 1)
    }

    @inline(__always)
    private func freeSlab(_ pointer: UnsafeMutableRawPointer) {
        var next = state.pointee.slabs
        while let slab = next {
            if UnsafeMutableRawPointer(slab + 1) == pointer { slab.pointee.isFree = true }
            next = slab.pointee.next
        }
    }
}
