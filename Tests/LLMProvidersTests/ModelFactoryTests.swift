// Which model a spec makes, and what `auto` finds.

import ChatEngine
import Synchronization
import Testing

@testable import LLMProviders

/// A machine with some servers, each of which lists its models.
private final class Machine: ModelTransport {
    private let lists: [String: String]
    private let asked = Mutex<[(url: String, headers: [String])]>([])

    init(_ lists: [String: String]) { self.lists = lists }

    var questions: [(url: String, headers: [String])] { asked.withLock { $0 } }

    func withResponse<Result>(
        _ request: ModelHTTPRequest, connect: Duration, headersBy: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant, _ body: (any ModelHTTPResponse) async throws -> Result
    ) async throws -> Result {
        asked.withLock { $0.append((request.url, request.headers.map { "\($0.name): \($0.value)" })) }
        guard let list = lists[request.url] else { throw ModelTransportError.notConnected("refused") }
        return try await body(Response(list))
    }

    private final class Response: ModelHTTPResponse {
        let status = 200
        private var rest: [UInt8]?

        init(_ body: String) { rest = Array(body.utf8) }

        func header(_ name: String) -> String? { nil }

        func nextChunk(until deadline: ContinuousClock.Instant) async throws -> [UInt8]? {
            defer { rest = nil }
            return rest
        }
    }
}

@Suite("Model factory")
struct ModelFactoryTests {
    private func make(
        _ spec: String, _ lists: [String: String] = [:], key: String = "", url: String = ""
    ) async throws -> (chosen: ChosenModel, machine: Machine) {
        let machine = Machine(lists)
        let environment = ModelEnvironment(openAIKey: key, openAIBaseURL: url)
        let factory = ModelFactory(transport: machine, clock: ManualClock(), environment: environment)
        return (try await factory.make(try ModelSpec(spec)), machine)
    }

    private static let list = #"{"object":"list","data":[{"id":"nomic-embed-text"},{"id":"llama3:8b"},{"id":"b"}]}"#

    @Test("offline and openai are what they are called")
    func named() async throws {
        #expect(try await make("offline").chosen.model is OfflineModel)
        let chosen = try await make("openai:m@http://h:1/v1").chosen
        #expect(chosen.model is OpenAIModel)
        #expect(chosen.model.name == "m")
        #expect(chosen.explanation == "m at http://h:1/v1")
        #expect(try await make("openai:m@http://h/v1?key=hunter2").chosen.explanation == "m at http://h/v1?***")
        #expect(try await make("openai:m", url: "http://env/v1").chosen.explanation == "m at http://env/v1")
        #expect(try await make("openai:m", key: "sk-x").chosen.explanation == "m at https://api.openai.com/v1")
    }

    @Test("what cannot be made says what to do")
    func refusals() async throws {
        await #expect(throws: ModelSetupError.self) { _ = try await make("openai:m") }
        await #expect(throws: ModelSetupError.self) { _ = try await make("openai:m", url: "nonsense") }
        await #expect(throws: ModelSetupError.self) { _ = try await make("scripted:/nonexistent") }
    }

    @Test("auto takes the first server on this machine that has a model that chats, and gives it no key")
    func local() async throws {
        let (chosen, machine) = try await make(
            "auto", ["http://127.0.0.1:8080/v1/models": Self.list, "http://127.0.0.1:8000/v1/models": Self.list],
            key: "sk-secret")
        #expect(chosen.model.name == "llama3:8b")
        #expect(chosen.explanation == "llama3:8b from llama.cpp on this machine (http://127.0.0.1:8080/v1)")
        #expect(
            machine.questions.map(\.url) == ["http://127.0.0.1:11434/v1/models", "http://127.0.0.1:8080/v1/models"])
        #expect(machine.questions.allSatisfy { $0.headers == ["Accept: application/json"] })
    }

    @Test("auto is not deceived by servers that are none")
    func otherServers() async throws {
        for body in ["<html>", "{}", #"{"data":[]}"#, #"{"data":"x"}"#, #"{"data":[{"id":""},{"id":7},{"id":"a b"}]}"#]
        {
            let chosen = try await make("auto", ["http://127.0.0.1:8080/v1/models": body]).chosen
            #expect(chosen.model is OfflineModel)
        }
    }

    @Test("auto then asks what the environment names, and prefers a small model")
    func environment() async throws {
        let openAI = #"{"data":[{"id":"whisper-1"},{"id":"gpt-9-huge"},{"id":"gpt-4o-mini"}]}"#
        let (chosen, machine) = try await make("auto", ["https://api.openai.com/v1/models": openAI], key: "sk-secret")
        #expect(chosen.model.name == "gpt-4o-mini")
        #expect(chosen.explanation.contains("named by the environment"))
        #expect(!chosen.explanation.contains("sk-secret"))
        #expect(machine.questions.last?.headers.first == "Authorization: Bearer sk-secret")
        let other = try await make("auto", ["http://env/v1/models": Self.list], url: "http://env/v1").chosen
        #expect(other.model.name == "llama3:8b")
    }

    @Test("auto ends offline and says why")
    func nothing() async throws {
        let chosen = try await make("auto").chosen
        #expect(chosen.model.name == "offline")
        #expect(chosen.explanation.contains("no model server runs on this machine"))
    }
}
