// From a method's name to the code that serves it. Typed generics are closed over once, at registration.

package import ProtoMessages

/// What a server does for one method. A class, since every call takes a reference to it.
package final class MethodHandler: Sendable {
    /// The rest of a unary call: runs isolated to the call's actor, returns the packed reply.
    package typealias UnaryBody = @Sendable (CallContext) async throws -> [UInt8]
    /// The rest of a streaming call: sends packed messages through the sink and returns to end the stream.
    package typealias StreamBody = @Sendable (CallContext, any ResponseSink) async throws -> Void

    /// The first step unpacks the request while its frame is still in the read buffer, so it is not copied.
    package enum Kind: Sendable {
        case unary(@Sendable (_ payload: Span<UInt8>) throws -> UnaryBody)
        case serverStream(@Sendable (_ payload: Span<UInt8>) throws -> StreamBody)
    }

    package let descriptor: MethodDescriptor
    /// The method's place in `Router.methods`, for tables by method that cost no hashing.
    package let index: Int
    package let kind: Kind

    init(descriptor: MethodDescriptor, index: Int, kind: Kind) {
        self.descriptor = descriptor
        self.index = index
        self.kind = kind
    }
}

/// Where a streaming method's packed messages go. `send` waits while the caller's queue is full.
package protocol ResponseSink: Sendable {
    /// - Throws: `CancellationError` when the call was cancelled or its connection is gone.
    func send(_ message: [UInt8]) async throws

    /// Sends if there is room now, without waiting. On the call's loop.
    ///
    /// - Returns: false when the queue is full, the message is too large or the call has ended; nothing was sent then.
    func offer(_ message: [UInt8]) -> Bool
}

/// The typed face of a response stream, given to generated server methods.
package struct ResponseStream<Message: ProtoMessage>: Sendable {
    @usableFromInline
    let sink: any ResponseSink

    package init(_ sink: any ResponseSink) { self.sink = sink }

    /// Sends one message; waits while the caller is slow (back-pressure). On the call's loop.
    ///
    /// - Throws: `CancellationError` when the call was cancelled or its connection is gone.
    @inlinable @inline(__always)
    package func send(_ message: Message) async throws {
        let bytes = message.packed()
        // There is room, as a rule, and to find out takes no change of isolation.
        if sink.offer(bytes) { return }
        try await sink.send(bytes)
    }

    /// Sends one message if there is room now: for signs of life, which a caller that does not read need not get. On
    /// the call's loop.
    ///
    /// - Returns: false when the queue is full or the call has ended; nothing was sent then.
    package func offer(_ message: Message) -> Bool {
        sink.offer(message.packed())
    }
}

/// The table of methods that a server serves. Built before the server starts, then only read.
package struct Router: Sendable {
    private var table = PathTable<MethodHandler>()

    package init() {}

    /// Registers a unary method. Registering a name twice is a programmer error.
    package mutating func unary<Request: ProtoMessage, Reply: ProtoMessage>(
        _ descriptor: MethodDescriptor, _ request: Request.Type, _ reply: Reply.Type,
        _ body: @escaping @Sendable (Request, CallContext) async throws -> Reply
    ) {
        add(
            MethodHandler(
                descriptor: descriptor, index: table.values.count,
                kind: .unary { payload in
                    let request = try Request(unpacking: payload)
                    return { context in try await body(request, context).packed() }
                }))
    }

    /// Registers a server-streaming method. Registering a name twice is a programmer error.
    package mutating func serverStream<Request: ProtoMessage, Message: ProtoMessage>(
        _ descriptor: MethodDescriptor, _ request: Request.Type, _ message: Message.Type,
        _ body: @escaping @Sendable (Request, ResponseStream<Message>, CallContext) async throws -> Void
    ) {
        add(
            MethodHandler(
                descriptor: descriptor, index: table.values.count,
                kind: .serverStream { payload in
                    let request = try Request(unpacking: payload)
                    return { context, sink in try await body(request, ResponseStream(sink), context) }
                }))
    }

    private mutating func add(_ handler: MethodHandler) {
        let isNew = table.insert(handler, path: handler.descriptor.name)
        precondition(isNew, "\(handler.descriptor.name) is registered twice")
    }

    /// All methods, in the order of their registration.
    package var methods: [MethodDescriptor] { table.values.map(\.descriptor) }

    /// The handler of `service/method`, whose bytes need only live for the call.
    func handler(path: Span<UInt8>) -> MethodHandler? { table[path] }
}
