// A real RPC server with services that do what a test tells them: for the client library's tests.

import ChatClient
import ChatStubs
import IOLoop
import Logging
import ProtoMessages
import RPC
import Synchronization
import Wire

/// What the services answer. Shared by the test and the server's loop.
final class TestScript: Sendable {
    struct State {
        /// Requests of Chat and StreamChat, in order.
        var chatRequests: [ChatRequest] = []
        /// Errors to throw before anything else, first come first served.
        var errors: [RPCError] = []
        /// The events of StreamChat; nil for a correct answer in three pieces.
        var events: [ChatEvent]?
        /// True when the stream never ends by itself.
        var streamHangs = false
        var cancelledStreams = 0
        var metadata: [Metadata] = []

        var lockToken = ""
        var lockFence: UInt64 = 40
        var renewals = 0
        var releases = 0
        /// True when renewing answers LOST.
        var isTaken = false
        /// True when renewing answers nothing.
        var renewalsHang = false
        /// The lease as the holder is told.
        var ttlMilliseconds: UInt64 = 0
        var holdEvents: [HoldLockEvent] = []

        var backupEvents: [BackupEvent] = []
        var imports: [ImportMessagesRequest] = []
    }

    let state = Mutex(State())

    func read<R: Sendable>(_ body: (borrowing State) -> R) -> R { state.withLock { body($0) } }

    /// Returns once `condition` holds.
    ///
    /// - Throws: `CancellationError`.
    func until(_ condition: (borrowing State) -> Bool) async throws {
        while !read(condition) { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// Throws the next scripted error, if any.
    func throwNext(_ context: CallContext) throws {
        let error = state.withLock { state -> RPCError? in
            state.metadata.append(context.metadata)
            return state.errors.isEmpty ? nil : state.errors.removeFirst()
        }
        if let error { throw error }
    }
}

/// A running server. `stop()` ends it.
struct TestServer {
    let script = TestScript()
    let server: RPCServer
    let address: String

    init() async throws {
        var router = Router()
        router.register(TestChat(script: script))
        router.register(TestSessions(script: script))
        router.register(TestLocks(script: script))
        router.register(TestMaintenance(script: script))
        router.register(TestDiagnostics(script: script))
        let loop = try IOLoop(label: "test-server")
        server = RPCServer(
            loops: [loop], router: router, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        guard let any = SocketAddress(numericHost: "127.0.0.1", port: 0) else {
            preconditionFailure("the loopback address is one")
        }
        address = try await server.listen(on: any).description
    }

    func client(_ change: (inout ChatClientOptions) -> Void = { _ in }) throws -> ChatClient {
        var options = ChatClientOptions()
        options.backOffMinimum = .milliseconds(2)
        options.backOffMaximum = .milliseconds(20)
        change(&options)
        return try ChatClient(addresses: [address], options: options)
    }

    func stop() async { await server.abort() }
}

struct TestChat: ChatServiceMethods {
    let script: TestScript

    static let pieces = ["Hello, ", "wörld", " \u{1F600}"]
    /// CRC-32 of the pieces, as zlib computes it.
    static let crc: UInt32 = 0x94B9_F96B

    func chat(_ request: ChatRequest, context: CallContext) async throws -> ChatReply {
        script.state.withLock { $0.chatRequests.append(request) }
        try script.throwNext(context)
        return ChatReply(text: "re: \(request.message)", sessionID: request.sessionID, turnID: request.turnID)
    }

    func streamChat(_ request: ChatRequest, events: ResponseStream<ChatEvent>, context: CallContext) async throws {
        script.state.withLock { $0.chatRequests.append(request) }
        try script.throwNext(context)
        for event in script.read({ $0.events }) ?? Self.answer(request) { try await events.send(event) }
        guard script.read({ $0.streamHangs }) else { return }
        do {
            var sequence = UInt64(Self.pieces.count)
            while true {
                sequence += 1
                try await events.send(ChatEvent(sequence: sequence, event: .text("more")))
                await Task.yield()
            }
        } catch {
            script.state.withLock { $0.cancelledStreams += 1 }
            throw error
        }
    }

    static func answer(_ request: ChatRequest) -> [ChatEvent] {
        let events: [ChatEvent.Event] =
            [.started(TurnStarted(turnID: request.turnID))] + pieces.map { .text($0) }
            + [.finished(TurnFinished(turnID: request.turnID, textBytes: 18, textCrc32: crc))]
        return events.enumerated().map { ChatEvent(sequence: UInt64($0 + 1), event: $1) }
    }

    func cancelTurn(_ request: CancelTurnRequest, context: CallContext) async throws -> CancelTurnReply {
        CancelTurnReply(outcome: request.turnID == "running" ? .cancelled : .notRunning)
    }
}

struct TestSessions: SessionServiceMethods {
    let script: TestScript
    static let count = 7

    func listSessions(_ request: ListSessionsRequest, context: CallContext) async throws -> ListSessionsReply {
        try script.throwNext(context)
        let start = Int(request.pageToken) ?? 0
        let end = min(start + Int(request.pageSize), Self.count)
        return ListSessionsReply(
            sessions: (start..<end).map { Session(id: "s\($0)") }, nextPageToken: end < Self.count ? String(end) : "")
    }

    func getSession(_ request: GetSessionRequest, context: CallContext) async throws -> Session {
        throw RPCError(.notFound, "there is no session \(request.sessionID)")
    }

    func updateSession(_ request: UpdateSessionRequest, context: CallContext) async throws -> Session {
        Session(id: request.sessionID, title: request.title ?? "unchanged", labels: request.labels)
    }

    func deleteSession(_ request: DeleteSessionRequest, context: CallContext) async throws -> DeleteSessionReply {
        DeleteSessionReply(existed: request.sessionID == "s1")
    }

    func listMessages(_ request: ListMessagesRequest, context: CallContext) async throws -> ListMessagesReply {
        // A broken server, which names the same page for ever.
        ListMessagesReply(messages: [ChatMessage(position: 1)], nextPageToken: "again")
    }
}

struct TestLocks: LockServiceMethods {
    let script: TestScript

    private static let lost = RPCError(.failedPrecondition, "the lease is gone", reason: "LOST")

    func acquire(_ request: AcquireLockRequest, context: CallContext) async throws -> AcquireLockReply {
        try script.throwNext(context)
        return try script.state.withLock { state in
            guard state.lockToken.isEmpty || state.lockToken == request.token else {
                throw RPCError(.aborted, "someone else holds it", reason: "NOT_ACQUIRED")
            }
            if state.lockToken.isEmpty { state.lockFence += 1 }
            state.lockToken = request.token
            state.ttlMilliseconds = UInt64(request.ttlMilliseconds)
            return AcquireLockReply(fence: state.lockFence, expiresInMilliseconds: state.ttlMilliseconds)
        }
    }

    func renew(_ request: RenewLockRequest, context: CallContext) async throws -> RenewLockReply {
        if script.read({ $0.renewalsHang }) { try await IOLoop.current?.sleep(until: .now + .seconds(60)) }
        return try script.state.withLock { state in
            guard !state.isTaken, state.lockToken == request.token else { throw Self.lost }
            state.renewals += 1
            return RenewLockReply(fence: state.lockFence, expiresInMilliseconds: state.ttlMilliseconds)
        }
    }

    func release(_ request: ReleaseLockRequest, context: CallContext) async throws -> ReleaseLockReply {
        try script.state.withLock { state in
            state.releases += 1
            guard !state.isTaken, state.lockToken == request.token else { throw Self.lost }
            state.lockToken = ""
        }
        return ReleaseLockReply()
    }

    func inspect(_ request: InspectLockRequest, context: CallContext) async throws -> InspectLockReply {
        script.read { InspectLockReply(held: !$0.lockToken.isEmpty, fence: $0.lockFence) }
    }

    func hold(_ request: HoldLockRequest, events: ResponseStream<HoldLockEvent>, context: CallContext) async throws {
        for event in script.read({ $0.holdEvents }) { try await events.send(event) }
        try await IOLoop.current?.sleep(until: .now + .seconds(60))
    }

    func forceRelease(_ request: ForceReleaseLockRequest, context: CallContext) async throws -> ForceReleaseLockReply {
        ForceReleaseLockReply(ownerLabel: "worker-\(request.fence)")
    }
}

struct TestMaintenance: MaintenanceServiceMethods {
    let script: TestScript

    func backup(_ request: BackupRequest, events: ResponseStream<BackupEvent>, context: CallContext) async throws {
        try script.throwNext(context)
        for event in script.read({ $0.backupEvents }) { try await events.send(event) }
    }

    func importMessages(
        _ request: ImportMessagesRequest, context: CallContext
    ) async throws -> ImportMessagesReply {
        script.state.withLock { $0.imports.append(request) }
        try script.throwNext(context)
        return ImportMessagesReply(addedMessages: UInt32(request.messages.count), messageCount: request.firstPosition)
    }
}

struct TestDiagnostics: DiagnosticsServiceMethods {
    let script: TestScript

    func echo(_ request: EchoRequest, context: CallContext) async throws -> EchoReply {
        try script.throwNext(context)
        return EchoReply(payload: request.payload)
    }
}

/// The error that a call ended with.
func failure<R>(_ body: () async throws -> R) async -> ChatClientError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? ChatClientError
    }
}
