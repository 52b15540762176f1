// A turn never leaves its caller's actor: on a loop every hop costs a thread switch, and the loop's parts are not
// locked.

import ChatEngine
import EngineConformance
import Synchronization
import Testing

/// The actor of the test, as a loop's is: with an executor of its own, which counts the jobs that it gets.
@globalActor
private actor Loop {
    static let shared = Loop()

    /// Runs jobs one after another on whatever thread adds one while none runs.
    final class Executor: SerialExecutor {
        private let state = Mutex((jobs: [UnownedJob](), running: false, count: 0))

        var jobCount: Int { state.withLock { $0.count } }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let starts = state.withLock { state in
                state.jobs.append(job)
                state.count += 1
                defer { state.running = true }
                return !state.running
            }
            guard starts else { return }
            while let job = next() { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }

        private func next() -> UnownedJob? {
            state.withLock { state in
                guard !state.jobs.isEmpty else {
                    state.running = false
                    return nil
                }
                return state.jobs.removeFirst()
            }
        }
    }

    nonisolated let executor = Executor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
}

@Suite("Isolation")
struct IsolationTests {
    @Test("model, tools, store and emit run on the caller's actor, also after waiting in line")
    @Loop
    func turnStaysOnItsActor() async throws {
        struct Router: ToolRouter, Tool {
            var tools: [any Tool] { [self] }
            var definition: ToolDefinition { ToolDefinition(name: "t", summary: "", parametersSchema: "{}") }

            func route(_ question: String) async throws -> [ToolCall] {
                Loop.shared.preconditionIsolated()
                return [ToolCall(id: "1", name: "t", arguments: "{}")]
            }

            func run(_ call: ToolCall, deadline: ContinuousClock.Instant) async throws -> String {
                Loop.shared.preconditionIsolated()
                return ""
            }
        }
        let model = ClosureModel { _, emit in
            Loop.shared.preconditionIsolated()
            for _ in 0..<100 { try await emit(.text("x")) }
            Loop.shared.preconditionIsolated()
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model, router: Router())
        let key = LockKey(.session, owner: "o", name: "s")
        let token = LockToken.random()
        _ = try await harness.parts.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(10)))
        let release = Task.detached {
            while try await harness.parts.locks.inspect(key)?.waiters != 1 { await Task.yield() }
            try await harness.parts.locks.release(key, token: token)
        }
        let before = Loop.shared.executor.jobCount
        var events = 0
        let reply = try await harness.engine.runTurn(.test("q"), cancel: {}) { _ in
            Loop.shared.preconditionIsolated()
            events += 1
        }
        Loop.shared.preconditionIsolated()
        #expect(reply.text.utf8.count == 100 && events == 103)
        // One wait, one job: the lock's grant, unless it came before the task was suspended. Nothing else suspended, so
        // nothing else was enqueued.
        #expect(Loop.shared.executor.jobCount - before <= 1)
        try await release.value
    }
}
