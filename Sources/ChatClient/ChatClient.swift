// The Swift client library of Chat Service.
//
// A `ChatClient` is made once and used from any task. Cancelling the task that awaits a call cancels the call on the
// server; every call has a time limit; failed calls are tried again where that is safe. Methods by topic:
// ChatClient+Chat.swift, +Sessions.swift, +Locks.swift, +Server.swift, +Maintenance.swift.

internal import ChatStubs
package import IOLoop
internal import RPC

/// Talks to a Chat Service server.
///
/// ```swift
/// let client = try await ChatClient.connect(to: ["127.0.0.1:7420"])
/// let reply = try await client.chat("What is a fencing token?", sessionID: "support-17")
/// for try await event in client.streamChat("And a lease?", sessionID: "support-17") {
///     if case .text(let piece) = event { show(piece) }
/// }
/// await client.close()
/// ```
///
/// All methods may be called from any task, at the same time. Calls share one connection, to the first of the addresses
/// that answers; when it is lost, the next call goes to the next address. All errors are ``ChatClientError``.
public final class ChatClient: Sendable {
    /// The port that is meant where an address names none.
    public static let defaultPort = 7420

    let rpc: RPCClient
    let options: ChatClientOptions

    /// Makes a client that connects when it is first used.
    ///
    /// - Parameters:
    ///   - addresses: `host:port`, `host`, `[::1]:port` or `unix:/path`, tried in this order. A name with several
    /// address
    ///     records counts as all of them.
    ///   - options: limits and habits.
    /// - Throws: ``ChatClientError`` with code `invalidArgument` for an address that cannot be read.
    public convenience init(addresses: [String], options: ChatClientOptions = ChatClientOptions())
        throws(ChatClientError)
    {
        try self.init(addresses: addresses, options: options, on: SharedLoop.get())
    }

    /// As the public one, on a loop of the caller's choice.
    package init(addresses: [String], options: ChatClientOptions, on loop: IOLoop) throws(ChatClientError) {
        var endpoints: [Endpoint] = []
        for address in addresses { endpoints.append(try Self.endpoint(address)) }
        guard !endpoints.isEmpty else {
            throw ChatClientError(.invalidArgument, "name at least one server address", reason: Reason.badAddress)
        }
        self.options = options
        rpc = RPCClient(endpoints: endpoints, options: options.rpc, on: loop)
    }

    /// Makes a client and connects it, to learn at once whether a server can be reached.
    ///
    /// - Parameters: as ``init(addresses:options:)``.
    /// - Throws: ``ChatClientError``: `unavailable` with every address's failure in words, `invalidArgument`,
    /// `cancelled`.
    public static func connect(
        to addresses: [String], options: ChatClientOptions = ChatClientOptions()
    ) async throws(ChatClientError) -> ChatClient {
        let client = try ChatClient(addresses: addresses, options: options)
        let timeout = options.callTimeout
        try await converting { () async throws(RPCError) in try await client.rpc.connect(timeout: timeout) }
        return client
    }

    /// Ends the connection. Calls in flight and later ones fail with `cancelled` and reason `CLIENT_CLOSED`. Releasing
    /// the client does the same.
    public func close() async { await rpc.close() }

    private typealias Reason = ChatClientError.Reason

    private static func endpoint(_ text: String) throws(ChatClientError) -> Endpoint {
        if let endpoint = Endpoint(text) ?? Endpoint("\(text):\(defaultPort)") { return endpoint }
        throw ChatClientError(
            .invalidArgument, "\"\(text)\" is no server address; write host:port, [::1]:port or unix:/path",
            reason: Reason.badAddress)
    }

    // MARK: For the calls

    /// Options of a call that may be repeated: reads, and calls with a turn id or a lock's token.
    func repeatable(_ call: ChatCallOptions, defaultTimeout: Duration? = nil) -> CallOptions {
        var result = CallOptions(timeout: call.timeout ?? defaultTimeout ?? options.callTimeout, isSafeToRetry: true)
        for (key, value) in options.metadata where call.metadata[key] == nil { result.metadata.append(key, value) }
        for (key, value) in call.metadata { result.metadata.append(key, value) }
        return result
    }
}

/// Connects, runs `body`, and ends the connection however `body` ends.
///
/// - Throws: what ``ChatClient/connect(to:options:)`` or `body` throws.
public func withChatClient<R>(
    to addresses: [String], options: ChatClientOptions = ChatClientOptions(),
    _ body: (ChatClient) async throws -> R
) async throws -> R {
    let client = try await ChatClient.connect(to: addresses, options: options)
    do {
        let result = try await body(client)
        await client.close()
        return result
    } catch {
        await client.close()
        throw error
    }
}
