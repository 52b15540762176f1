// The typed face of a server stream on the client, returned by generated stubs; and how stubs read a reply.

package import ProtoMessages
package import RPC
internal import Wire

/// Messages from the server in order, read by one task at a time. The stream is cancelled when this is released.
package struct ResponseReader<Message: ProtoMessage>: Sendable {
    private let stream: any InboundStream

    package init(_ stream: any InboundStream) { self.stream = stream }

    /// The next message; nil at the stream's regular end.
    ///
    /// - Throws: `RPCError`: the server's status, or INTERNAL for a message that cannot be read, after which the stream
    ///   is cancelled.
    package func next() async throws(RPCError) -> Message? {
        guard let bytes = try await stream.next() else { return nil }
        do throws(RPCError) {
            return try unpackReply(bytes)
        } catch {
            stream.cancel()
            throw error
        }
    }

    /// Tells the server to stop. Idempotent, from any thread.
    package func cancel() { stream.cancel() }
}

/// Unpacks what a server answered.
///
/// - Throws: `RPCError` INTERNAL: this client and the server do not agree on the message.
func unpackReply<Message: ProtoMessage>(_ bytes: [UInt8]) throws(RPCError) -> Message {
    do throws(ProtoError) {
        return try Message(unpacking: bytes.span)
    } catch {
        throw RPCError(.internalError, "the server's answer cannot be read: \(error.explanation)")
    }
}
