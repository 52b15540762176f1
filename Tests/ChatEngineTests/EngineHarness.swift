// An engine on in-memory parts with a model that does what a test tells it, step by step.

import ChatEngine
import EngineConformance

/// A model whose every answer is a closure of the test.
struct ClosureModel: ChatModel {
    var name = "test-model"
    let body: @Sendable (ModelRequest, (ModelEvent) async throws -> Void) async throws -> ModelCompletion

    init(
        name: String = "test-model",
        _ body: @escaping @Sendable (ModelRequest, (ModelEvent) async throws -> Void) async throws -> ModelCompletion
    ) {
        self.name = name
        self.body = body
    }

    /// A model that answers with these pieces.
    static func saying(_ pieces: String...) -> ClosureModel {
        ClosureModel { _, emit in
            for piece in pieces { try await emit(.text(piece)) }
            return ModelCompletion(model: "provider-model", finishReason: .stop)
        }
    }

    func answer(
        _ request: ModelRequest, emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        try await body(request, emit)
    }
}

/// Waits until somebody opens it, or its task is cancelled.
final class Gate: Sendable {
    private enum State {
        case closed
        case waiting([UInt64: CheckedContinuation<Void, any Error>])
        case open
    }

    private let state = Guarded((state: State.closed, last: UInt64(0), entered: 0))

    /// How many tasks came to the gate so far.
    var enteredCount: Int { state.value.entered }

    func open() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            defer { state.state = .open }
            guard case .waiting(let waiters) = state.state else { return [] }
            return Array(waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async throws {
        let id = state.withLock { state in
            state.last += 1
            state.entered += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOpen = state.withLock { state in
                    switch state.state {
                    case .open: return true
                    case .closed: state.state = .waiting([id: continuation])
                    case .waiting(var waiters):
                        waiters[id] = continuation
                        state.state = .waiting(waiters)
                    }
                    return false
                }
                if isOpen { continuation.resume() }
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard case .waiting(var waiters) = state.state else { return nil }
            let waiter = waiters.removeValue(forKey: id)
            state.state = .waiting(waiters)
            return waiter
        }
        waiter?.resume(throwing: CancellationError())
    }
}

/// One call of a test: its task, its events, and its result.
struct RunningCall: Sendable {
    let task: Task<TurnReply, any Error>
    let events: Guarded<[TurnEvent]>

    /// The error that the call ends with.
    var engineError: EngineError? {
        get async {
            do {
                _ = try await task.value
                return nil
            } catch {
                return error as? EngineError
            }
        }
    }
}

/// An engine and its parts.
struct EngineHarness {
    let parts: InMemoryHarness
    let engine: ChatEngine

    init(
        model: any ChatModel = ClosureModel.saying("Hello", ", world"), streamModel: (any ChatModel)? = nil,
        router: any ToolRouter = NoTools(), configure: (inout EngineConfiguration) -> Void = { _ in },
        store: ((InMemoryHarness) -> any SessionStore)? = nil, locks: ((InMemoryHarness) -> any LockManager)? = nil
    ) {
        parts = InMemoryHarness()
        var configuration = EngineConfiguration()
        configure(&configuration)
        engine = ChatEngine(
            configuration: configuration, store: store?(parts) ?? parts.store, locks: locks?(parts) ?? parts.locks,
            model: model, streamModel: streamModel, toolRouter: router, clock: parts.clock)
    }

    var clock: ManualClock { parts.clock }

    /// Starts a turn in a task of its own, as the service does, with a canceller that reaches it.
    func start(_ request: TurnRequest, emit: (@Sendable (TurnEvent) async throws -> Void)? = nil) -> RunningCall {
        let events = Guarded<[TurnEvent]>([])
        let canceller = Canceller()
        let engine = engine
        let task = Task {
            try await engine.runTurn(request, cancel: { canceller.cancel() }) { event in
                events.withLock { $0.append(event) }
                try await emit?(event)
            }
        }
        canceller.bind { task.cancel() }
        return RunningCall(task: task, events: events)
    }

    /// Runs a turn to its end.
    func run(_ request: TurnRequest) async throws -> TurnReply { try await start(request).task.value }

    func texts(_ session: String, owner: String = "o") async throws -> [String] {
        let page = try await parts.store.messages(
            owner: owner, sessionID: session, order: .oldestFirst, limit: PageLimit(items: 10_000, bytes: 10_000_000),
            pageToken: nil)
        return page?.items.map(\.text) ?? []
    }

    func isLocked(_ session: String, owner: String = "o") async throws -> Bool {
        try await parts.locks.inspect(LockKey(.session, owner: owner, name: session)) != nil
    }

    /// Lets other tasks run until the condition holds.
    func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<100_000 {
            if try await condition() { return true }
            await Task.yield()
        }
        return false
    }
}

/// Cancels a task that may not be known yet.
final class Canceller: Sendable {
    private let state = Guarded<(cancelled: Bool, action: (@Sendable () -> Void)?)>((false, nil))

    func bind(_ action: @escaping @Sendable () -> Void) {
        let cancelled = state.withLock { state in
            state.action = action
            return state.cancelled
        }
        if cancelled { action() }
    }

    func cancel() {
        let action = state.withLock { state in
            state.cancelled = true
            return state.action
        }
        action?()
    }
}

extension TurnRequest {
    /// A turn of the test's owner.
    static func test(
        _ message: String = "hi", session: String? = "s", turn: String? = nil, user: String = "",
        busy: BusyPolicy = .wait(nil), streams: Bool = true
    ) -> TurnRequest {
        TurnRequest(
            owner: "o", message: message, sessionID: session, userID: user, turnID: turn, whenBusy: busy,
            streams: streams)
    }
}
