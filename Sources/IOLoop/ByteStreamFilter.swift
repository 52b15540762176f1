// What a filter of a stream's bytes is (TLS), and the place between a stream's outbox and its socket where sealed bytes
// wait. On the stream's loop only.

internal import CLinux
internal import Glibc

/// What a stream does with its bytes between outbox and socket: TLS. On the stream's loop.
///
/// The bytes that a filter makes leave in the order in which it made them.
package protocol ByteStreamFilter: AnyObject {
    /// The stream starts to read. Adds what is sent before anything came, such as a client's hello.
    func begin(outbound: inout [UInt8]) throws(ByteStreamEnd)

    /// Turns received bytes into plain ones, delivered in order; may add an answer of its own to `outbound`, also where
    /// it throws: the peer is told why.
    ///
    /// - Throws: `.peerClosed` when the peer said that no more comes; why the stream cannot go on.
    func open(
        _ received: Span<UInt8>, outbound: inout [UInt8], deliver: (Span<UInt8>) -> Void
    ) throws(ByteStreamEnd)

    /// Turns all of `plain` into bytes for the socket, or adds nothing while a handshake is under way, whose end brings
    /// the same bytes again.
    func seal(_ plain: Span<UInt8>, into outbound: inout [UInt8]) throws(ByteStreamEnd)

    /// Adds what tells the peer that no more comes. Nothing is sealed after it.
    func finish(outbound: inout [UInt8])

    /// What it means to those above that the socket ended like this.
    func meaning(of end: ByteStreamEnd) -> ByteStreamEnd
}

/// A stream's filter and the sealed bytes that wait for its socket. On the stream's loop only.
final class FilterLine {
    let filter: any ByteStreamFilter
    /// Sealed bytes, from `head` on.
    private(set) var sealed: [UInt8] = []
    private(set) var head = 0
    /// How many bytes at the outbox's head `sealed` stands for.
    var plainBytes = 0
    /// The filter's last word is said: nothing is sealed any more, and what comes is not looked at.
    var isFinished = false

    init(_ filter: any ByteStreamFilter) { self.filter = filter }

    var unsentBytes: Int { sealed.count - head }

    var heldBytes: Int { sealed.capacity }

    /// Lets the filter add bytes. No code of the owner's may run meanwhile, since it may close the stream.
    func add<E: Error>(_ body: (inout [UInt8]) throws(E) -> Void) throws(E) { try body(&sealed) }

    func send(to descriptor: Int32) throws(SystemError) -> IOResult {
        let head = head
        let result = try sealed.withUnsafeBufferPointer { bytes throws(SystemError) in
            try SystemCalls.nonBlocking("send") {
                Glibc.send(descriptor, bytes.baseAddress.map { $0 + head }, bytes.count - head, Int32(MSG_NOSIGNAL))
            }
        }
        if case .done(let count) = result { self.head += count }
        return result
    }

    /// Starts anew with an empty buffer.
    func reuse(_ buffer: [UInt8]) {
        sealed = buffer
        head = 0
    }

    /// Gives the sent bytes' buffer to the loop, for other streams.
    func giveBack(to loop: IOLoop) {
        loop.giveBack(&sealed)
        head = 0
    }

    /// Forgets what waits.
    func clear() {
        sealed = []
        head = 0
        plainBytes = 0
    }
}
