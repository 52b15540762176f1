// Methods whose behaviour a test chooses by what it sends, and the journal in which they say what happened to them.

internal import IOLoop
internal import ProtoMessages
package import RPC
internal import Synchronization
internal import Wire

/// The methods of the scripted server. They take a ttrpc.KeyValue, whose key names the call in the journal.
package final class ScriptedMethods: Sendable {
    package static let service = "test.v1.ScriptService"
    package static let echoService = "chat.v1.DiagnosticsService"
    /// Messages of a Flood whose request does not say how many: enough to fill a Unix socket's buffers many times over.
    package static let floodMessages = 1024
    package static let floodMessageBytes = 16 * 1024

    package let journal = Journal()
    /// Messages that Flood gave to its stream.
    package var flooded: Int { floodCount.load(ordering: .relaxed) }
    private let floodCount = Atomic(0)
    private let gates = Mutex<[String: Waiter<Void>]>([:])

    package init() {}

    /// Lets the call of Gate or Steps with this key go on. It must have said that it waits.
    package func open(_ key: String) {
        gates.withLock { $0.removeValue(forKey: key) }?.resume(returning: ())
    }

    package var router: Router {
        var router = Router()
        router.unary(
            MethodDescriptor(service: Self.echoService, method: "Echo", shape: .unary), EchoRequest.self,
            EchoReply.self
        ) { request, _ in EchoReply(payload: request.payload) }
        addUnary(&router, "Hang") { try await $0.hang($1) }
        addUnary(&router, "Stubborn") { try await $0.stubborn($1) }
        addUnary(&router, "Gate") { try await $0.gate($1) }
        addUnary(&router, "Fail") { throw Self.error($1) }
        addUnary(&router, "Where") { _, request in try await Self.whereAmI(request) }
        addUnary(&router, "Large") { EnvelopeKeyValue(key: String(repeating: "x", count: Int($1.key) ?? 0)) }
        router.unary(descriptor("Tell", .unary), EnvelopeKeyValue.self, EnvelopeRequest.self) { _, context in
            EnvelopeRequest(
                timeoutNano: context.deadline == nil ? 0 : 1,
                metadata: context.metadata.pairs.map { EnvelopeKeyValue(key: $0.key, value: $0.value) })
        }
        addStream(&router, "Count") { _, request, stream in try await Self.count(request, stream) }
        addStream(&router, "CountAndFail") { _, request, stream in
            try await Self.count(request, stream)
            throw RPCError(.dataLoss, "the count broke off", reason: "COUNT_BROKE")
        }
        addStream(&router, "Steps") { try await $0.steps($1, $2) }
        addStream(&router, "Flood") { try await $0.flood($1, $2) }
        return router
    }

    // MARK: What the methods do

    /// Waits until it is cancelled, and says so.
    private func hang(_ request: EnvelopeKeyValue) async throws -> EnvelopeKeyValue {
        journal.note("hang \(request.key)")
        do {
            try await wait(on: Self.loop) { (_: Waiter<Void>) in }
        } catch {
            journal.note("cancelled \(request.key)")
            throw error
        }
        return request
    }

    /// Waits for its gate, also after it was cancelled.
    private func stubborn(_ request: EnvelopeKeyValue) async throws -> EnvelopeKeyValue {
        journal.note("stubborn \(request.key)")
        let loop = Self.loop
        await withUnsafeContinuation { continuation in
            journal.whenNoted("release \(request.key)") { loop.execute { continuation.resume() } }
        }
        return request
    }

    private func gate(_ request: EnvelopeKeyValue) async throws -> EnvelopeKeyValue {
        try await waitAtGate(request.key)
        return request
    }

    private func waitAtGate(_ key: String) async throws {
        try await wait(on: Self.loop) { waiter in
            gates.withLock { $0[key] = waiter }
            journal.note("gate \(key)")
        }
    }

    /// The key is a status code, the value the message.
    private static func error(_ request: EnvelopeKeyValue) -> any Error {
        guard let code = Int32(request.key).flatMap(StatusCode.init(rawValue:)), code != .ok else {
            return UnknownFailure(secret: request.value)
        }
        return RPCError(code, request.value)
    }

    private struct UnknownFailure: Error { let secret: String }

    /// Answers with how often it found itself on the loop that it began on, after each of several awaits.
    private static func whereAmI(_ request: EnvelopeKeyValue) async throws -> EnvelopeKeyValue {
        let loop = loop
        var there = 0
        for _ in 0..<3 {
            try await loop.sleep(until: .now + .microseconds(100))
            there += loop.isCurrent ? 1 : 0
            there += await deeper(loop)
            there += loop.isCurrent ? 1 : 0
        }
        return EnvelopeKeyValue(key: String(there), value: loop.label)
    }

    private static func deeper(_ loop: IOLoop) async -> Int {
        do {
            try await wait(on: loop) { waiter in loop.execute { waiter.resume(returning: ()) } }
        } catch {
            return 0
        }
        return loop.isCurrent ? 1 : 0
    }

    /// Sends as many messages as the key says, numbered from 1.
    private static func count(_ request: EnvelopeKeyValue, _ stream: ResponseStream<EnvelopeKeyValue>) async throws {
        let loop = loop
        for number in 0..<(Int(request.key) ?? 0) {
            try await stream.send(EnvelopeKeyValue(key: String(number + 1)))
            precondition(loop.isCurrent, "a stream's method stays on its loop")
        }
    }

    /// One message, then one more each time its gate is opened, until it is cancelled.
    private func steps(_ request: EnvelopeKeyValue, _ stream: ResponseStream<EnvelopeKeyValue>) async throws {
        do {
            while true {
                try await stream.send(request)
                try await waitAtGate(request.key)
            }
        } catch {
            journal.note("cancelled \(request.key)")
            throw error
        }
    }

    private func flood(_ request: EnvelopeKeyValue, _ stream: ResponseStream<EnvelopeKeyValue>) async throws {
        journal.note("flood \(request.key)")
        let text = String(repeating: "x", count: Self.floodMessageBytes)
        do {
            for number in 0..<(Int(request.value) ?? Self.floodMessages) {
                try await stream.send(EnvelopeKeyValue(key: String(number), value: text))
                floodCount.add(1, ordering: .relaxed)
            }
        } catch {
            journal.note("cancelled \(request.key)")
            throw error
        }
        journal.note("flooded \(request.key)")
    }

    // MARK: Registering

    private static var loop: IOLoop {
        guard let loop = IOLoop.current else { preconditionFailure("a method runs on its connection's loop") }
        return loop
    }

    private func descriptor(_ method: String, _ shape: MethodDescriptor.Shape) -> MethodDescriptor {
        MethodDescriptor(service: Self.service, method: method, shape: shape)
    }

    private func addUnary(
        _ router: inout Router, _ name: String,
        _ body: @escaping @Sendable (ScriptedMethods, EnvelopeKeyValue) async throws -> EnvelopeKeyValue
    ) {
        router.unary(descriptor(name, .unary), EnvelopeKeyValue.self, EnvelopeKeyValue.self) { request, _ in
            try await body(self, request)
        }
    }

    private func addStream(
        _ router: inout Router, _ name: String,
        _ body:
            @escaping @Sendable (ScriptedMethods, EnvelopeKeyValue, ResponseStream<EnvelopeKeyValue>) async throws ->
            Void
    ) {
        router.serverStream(descriptor(name, .serverStream), EnvelopeKeyValue.self, EnvelopeKeyValue.self) {
            request, stream, _ in try await body(self, request, stream)
        }
    }
}

/// What happened, in order. Tests wait for an entry instead of for a time.
package final class Journal: Sendable {
    private struct State {
        var entries: [String] = []
        var listeners: [(entry: String, body: @Sendable () -> Void)] = []
    }
    private let state = Mutex(State())

    package var entries: [String] { state.withLock { $0.entries } }

    package func note(_ entry: String) {
        let due = state.withLock { state in
            state.entries.append(entry)
            let due = state.listeners.filter { $0.entry == entry }
            state.listeners.removeAll { $0.entry == entry }
            return due
        }
        for listener in due { listener.body() }
    }

    /// Runs `body` once, now if the entry is there already.
    package func whenNoted(_ entry: String, _ body: @escaping @Sendable () -> Void) {
        let isThere = state.withLock { state in
            if state.entries.contains(entry) { return true }
            state.listeners.append((entry, body))
            return false
        }
        if isThere { body() }
    }

    /// - Throws: `DeadlineExceeded` when the entry does not come.
    package func untilNoted(_ entry: String) async throws {
        try await LoopActor(TestLoops.client).run { actor in
            try await wait(on: actor.loop, until: .now + .seconds(30)) { waiter in
                self.whenNoted(entry) { waiter.resume(returning: ()) }
            }
        }
    }
}
