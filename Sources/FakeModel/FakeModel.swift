// A model server for tests and the load tool: real HTTP/1.1 on a real socket, answers and faults by script, and a
// record of what clients did. It speaks OpenAI's chat completions (`POST .../chat/completions`, streaming or not) and
// `GET .../models`.

internal import Glibc
package import IOLoop

/// The server. On its loop only, from `start` to `stop`.
package final class FakeModel: @unchecked Sendable {
    // Sendable unchecked because it is used on its loop only, which `start`, `stop` and every look at its records
    // check; tests on other threads hold a reference and come over by a LoopActor.
    package let loop: IOLoop
    package let limits: FakeModelLimits
    /// Names that `GET /v1/models` lists.
    package var models = ["fake"]

    private var listener: Listener?
    private var connections: [Int: FakeModelConnection] = [:]
    /// Connections accepted so far.
    package private(set) var connectionCount = 0
    /// Requests of any kind so far.
    package private(set) var requestCount = 0

    private var records: [FakeModelRequest] = []
    private var waiters: [Waiter<Void>] = []
    /// Grows with every change of a record.
    private var revision = 0

    /// Scripts with the plans that were made of them.
    private final class Prepared {
        /// Plans of one script: a test asks few different questions.
        static let plansMax = 16
        let script: FakeModelScript
        let dependsOnMessage: Bool
        var plans: [FakeModelPlan.Question: FakeModelPlan] = [:]

        init(_ script: FakeModelScript) {
            self.script = script
            dependsOnMessage = script.steps.contains(.echo)
        }

        func plan(for question: FakeModelPlan.Question) -> FakeModelPlan {
            guard !dependsOnMessage else { return FakeModelPlan(script, for: question) }
            var key = question
            key.message = ""
            if let plan = plans[key] { return plan }
            let plan = FakeModelPlan(script, for: key)
            if plans.count >= Self.plansMax { plans.removeAll() }
            plans[key] = plan
            return plan
        }
    }
    private var cycle: [Prepared]
    private var nextInCycle = 0
    private var byMessage: [String: Prepared] = [:]

    /// A model that answers its requests by `scripts` in turn, starting again after the last.
    package init(
        on loop: IOLoop, scripts: [FakeModelScript] = [.echo], limits: FakeModelLimits = FakeModelLimits()
    ) {
        precondition(!scripts.isEmpty, "a fake model needs a script")
        self.loop = loop
        self.limits = limits
        cycle = scripts.map(Prepared.init)
    }

    // MARK: Running

    /// Listens on 127.0.0.1; port 0 picks a free one.
    package func start(port: UInt16 = 0) throws(SystemError) {
        loop.preconditionOnLoop()
        precondition(listener == nil, "the fake model is started once")
        guard let address = SocketAddress(numericHost: "127.0.0.1", port: port) else {
            preconditionFailure("127.0.0.1 is an address")
        }
        listener = try Listener(
            address, on: loop, accepted: { [unowned self] descriptor, peer in accept(descriptor, peer) },
            // The listener tries again by itself; whoever runs into it sees refused connections.
            troubled: { _ in })
    }

    /// Where it listens.
    package var address: SocketAddress {
        guard let listener else { preconditionFailure("the fake model is not started") }
        return listener.address
    }

    /// What a provider is given as base URL.
    package var baseURL: String { "http://\(address)/v1" }

    /// Closes the listener and all connections. Idempotent.
    package func stop() {
        loop.preconditionOnLoop()
        listener?.close()
        listener = nil
        for connection in connections.values { connection.close() }
        connections = [:]
    }

    private func accept(_ descriptor: consuming OwnedDescriptor, _ peer: SocketAddress) {
        // A descriptor that goes out of scope is closed.
        guard connections.count < limits.connectionsMax else { return }
        let number = descriptor.number
        let stream = ByteStream(descriptor, peer: peer, on: loop)
        let connection = FakeModelConnection(stream, descriptor: number, number: connectionCount, of: self)
        connectionCount += 1
        connections[connection.number] = connection
        do {
            try stream.start(connection)
        } catch {
            connection.close()
            connections[connection.number] = nil
        }
    }

    // MARK: Scripts

    /// Answers from now on by these scripts in turn.
    package func answer(by scripts: [FakeModelScript]) {
        loop.preconditionOnLoop()
        precondition(!scripts.isEmpty, "a fake model needs a script")
        cycle = scripts.map(Prepared.init)
        nextInCycle = 0
    }

    /// Answers requests whose last user message is `message` by `script`, whatever else is set.
    package func answer(_ message: String, by script: FakeModelScript) {
        loop.preconditionOnLoop()
        byMessage[message] = Prepared(script)
    }

    func plan(_ head: FakeModelRequestHead, _ body: ArraySlice<UInt8>) -> FakeModelPlan {
        let path = head.path.prefix { $0 != "?" }
        if head.method == "GET", path.hasSuffix("/models") {
            return FakeModelPlan(response: FakeModelPlan.response(200, body: FakeModelText.models(models)))
        }
        guard head.method == "POST", path.hasSuffix("/chat/completions") else {
            let text = FakeModelText.error(message: "no such path", type: "invalid_request_error", code: nil)
            return FakeModelPlan(response: FakeModelPlan.response(404, body: text))
        }
        guard let question = FakeModelPlan.Question(body: body) else {
            let text = FakeModelText.error(
                message: "the body is not a chat completions request", type: "invalid_request_error", code: nil)
            return FakeModelPlan(response: FakeModelPlan.response(400, body: text))
        }
        if let prepared = byMessage[question.message] { return prepared.plan(for: question) }
        let prepared = cycle[nextInCycle]
        nextInCycle = (nextInCycle + 1) % cycle.count
        return prepared.plan(for: question)
    }

    // MARK: Records

    /// The requests remembered, oldest first.
    package var requests: [FakeModelRequest] {
        loop.preconditionOnLoop()
        return records.map(current)
    }

    /// The request with this id, while it is remembered.
    package func request(_ id: Int) -> FakeModelRequest? {
        loop.preconditionOnLoop()
        return records.first { $0.id == id }.map(current)
    }

    private func current(_ record: FakeModelRequest) -> FakeModelRequest {
        guard let connection = connections[record.connection], connection.requestID == record.id else { return record }
        var record = record
        record.bytesSent = connection.bytesSent
        record.tokensSent = connection.tokensWritten
        return record
    }

    /// Waits until a request and what became of it is as wanted. Call it on the loop.
    ///
    /// - Throws: `DeadlineExceeded`, `CancellationError`.
    package func waitForRequest(
        _ id: Int, until deadline: ContinuousClock.Instant, where condition: (FakeModelRequest) -> Bool = { _ in true }
    ) async throws -> FakeModelRequest {
        while true {
            let seen = revision
            if let record = request(id), condition(record) { return record }
            // Compared again, since a task that enters `wait` may be put in line behind other work of the loop.
            try await wait(on: loop, until: deadline) { waiter in
                if revision == seen { waiters.append(waiter) } else { waiter.resume(returning: ()) }
            }
        }
    }

    /// Has those who wait look at the records again.
    func changed() {
        revision += 1
        guard !waiters.isEmpty else { return }
        let batch = waiters
        waiters = []
        for waiter in batch { waiter.resume(returning: ()) }
    }

    func record(_ head: FakeModelRequestHead, _ body: ArraySlice<UInt8>, on connection: FakeModelConnection) -> Int {
        let id = requestCount
        requestCount += 1
        guard limits.recordsMax > 0 else { return id }
        if records.count >= limits.recordsMax { records.removeFirst((records.count + 1) / 2) }
        records.append(
            FakeModelRequest(
                id: id, connection: connection.number, method: head.method, path: head.path, headers: head.headers,
                body: Array(body.prefix(limits.recordedBodyBytesMax)), arrived: loop.now))
        changed()
        return id
    }

    /// The answer under way on a connection is over: written to its end or as the script wanted, or cut short by the
    /// client.
    func answerEnded(_ connection: FakeModelConnection, isComplete: Bool) {
        guard let id = connection.requestID, let index = records.lastIndex(where: { $0.id == id }) else { return }
        guard records[index].answered == nil, records[index].closedByClient == nil else { return }
        records[index].bytesSent = connection.bytesSent
        records[index].tokensSent = connection.tokensWritten
        if isComplete {
            records[index].answered = loop.now
        } else {
            records[index].closedByClient = loop.now
        }
        changed()
    }

    func connectionEnded(_ connection: FakeModelConnection) { connections[connection.number] = nil }
}
