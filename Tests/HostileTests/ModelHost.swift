// A model server in the test's process, for a chatd beside it, and what it saw.

import FakeModel
import IOLoop
import ProgramSupport
import Testing

/// A fake model on a loop of its own. On that loop through `run`.
struct ModelHost: Sendable {
    let model: FakeModel
    private let actor: LoopActor
    /// chatd's `--model`.
    let specification: String

    static func with(
        _ scripts: [FakeModelScript], limits: FakeModelLimits = FakeModelLimits(),
        _ body: (ModelHost) async throws -> Void
    ) async throws {
        let actor = LoopActor(try IOLoop(label: "model"))
        let (model, url) = try await actor.run { actor in
            let model = FakeModel(on: actor.loop, scripts: scripts, limits: limits)
            try model.start()
            return (model, model.baseURL)
        }
        do {
            try await body(ModelHost(model: model, actor: actor, specification: "openai:fake@\(url)"))
        } catch {
            try await actor.run { _ in model.stop() }
            throw error
        }
        try await actor.run { _ in model.stop() }
    }

    /// With a chatd that asks it.
    static func withServer(
        _ scripts: [FakeModelScript], _ arguments: [String] = [],
        _ body: (RunningServer, ModelHost) async throws -> Void
    ) async throws {
        try await with(scripts) { host in
            try await RunningServer.with(model: host.specification, Hostile.flags + arguments) { server in
                try await body(server, host)
            }
        }
    }

    func answer(by scripts: [FakeModelScript]) async throws {
        try await actor.run { [model] _ in model.answer(by: scripts) }
    }

    /// How many requests came so far: the id of the next one.
    var requestCount: Int {
        get async throws { try await actor.run { [model] _ in model.requestCount } }
    }

    func request(_ id: Int) async throws -> FakeModelRequest? {
        try await actor.run { [model] _ in model.request(id) }
    }

    /// Waits until a request is as wanted.
    func request(
        _ id: Int, where condition: @escaping @Sendable (FakeModelRequest) -> Bool
    ) async throws -> FakeModelRequest {
        try await actor.run { [model] _ in
            try await model.waitForRequest(id, until: .now + .seconds(30), where: condition)
        }
    }
}
