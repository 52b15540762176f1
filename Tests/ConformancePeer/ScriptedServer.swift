// A real RPC server on loopback that serves the scripted methods, and the loops that all tests of a process share.

internal import Glibc
package import IOLoop
internal import Logging
package import RPC
internal import Synchronization
internal import Wire

/// Loops live as long as the process, so tests do not make their own.
package enum TestLoops {
    package static let servers = [made("server 1"), made("server 2")]
    package static let client = made("client")

    private static func made(_ label: String) -> IOLoop {
        do {
            return try IOLoop(label: label)
        } catch {
            preconditionFailure("a test process can have a loop: \(error)")
        }
    }
}

/// A server that runs for the length of a test.
package struct ScriptedServer: Sendable {
    package let server: RPCServer
    package let address: SocketAddress
    package let methods: ScriptedMethods
    package let calls: CallRecords

    package var journal: Journal { methods.journal }

    /// Starts a server, runs `body`, and aborts whatever is left.
    package static func with<Value: Sendable>(
        limits: ServerLimits = ServerLimits(), loops: Int = 1, onUnixSocket: Bool = false,
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        let methods = ScriptedMethods()
        let calls = CallRecords()
        let server = RPCServer(
            loops: Array(TestLoops.servers.prefix(loops)), router: methods.router, limits: limits,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), observer: calls)
        let address = try await server.listen(on: onUnixSocket ? unixAddress() : loopback())
        let scripted = ScriptedServer(server: server, address: address, methods: methods, calls: calls)
        do {
            let value = try await body(scripted)
            await server.abort()
            return value
        } catch {
            await server.abort()
            throw error
        }
    }

    /// Starts a server and connects one peer to it.
    package static func withPeer<Value: Sendable>(
        limits: ServerLimits = ServerLimits(), onUnixSocket: Bool = false,
        _ body: (ScriptedServer, RawPeer) async throws -> Value
    ) async throws -> Value {
        try await with(limits: limits, onUnixSocket: onUnixSocket) { server in
            try await RawPeer.with(server.address) { try await body(server, $0) }
        }
    }

    private static func loopback() -> SocketAddress {
        guard let address = SocketAddress(numericHost: "127.0.0.1", port: 0) else {
            preconditionFailure("127.0.0.1 is an address")
        }
        return address
    }

    private static let socketNumber = Atomic(0)

    private static func unixAddress() -> SocketAddress {
        let number = socketNumber.add(1, ordering: .relaxed).newValue
        return SocketAddress(unixPath: "/tmp/chat-conformance-\(getpid())-\(number).sock")
    }
}

/// Collects what the server says of finished calls, and counts its connections. It keeps none of the records: each
/// holds its connection, which holds this observer.
package final class CallRecords: ServerObserver {
    private let finishedCalls = Mutex<[String]>([])

    private let refusals = Mutex<[String]>([])
    private let open = Mutex(0)

    package func connectionAccepted() { open.withLock { $0 += 1 } }

    package func connectionRefused() {}

    package func connectionClosed(receivedBytes: Int, sentBytes: Int) { open.withLock { $0 -= 1 } }

    package func callBegan(_ context: CallContext) {}

    package func callRefused(_ error: RPCError, peer: String) {
        refusals.withLock { $0.append("\(error.code.name) \(error.reason)") }
    }

    package func callFinished(_ call: CallRecord) {
        let words = [call.context.method.method, call.code.name, call.reason]
        finishedCalls.withLock { $0.append(words.filter { !$0.isEmpty }.joined(separator: " ")) }
    }

    /// Connections that were accepted and have not ended.
    package var openConnections: Int { open.withLock { $0 } }

    /// `CODE REASON` for each request that was answered without being begun, in order.
    package var refused: [String] { refusals.withLock { $0 } }

    /// `METHOD CODE REASON` for each finished call, in order.
    package var lines: [String] { finishedCalls.withLock { $0 } }
}
