// Scripts: how they are read, played, and refused.

import ChatEngine
import Testing

@testable import LLMProviders

@Suite("Scripted model")
struct ScriptedModelTests {
    let clock = ManualClock()

    private func model(_ script: String, limits: ModelTimeLimits = .standard) throws -> ScriptedModel {
        ScriptedModel(try ModelScript(parsing: Array(script.utf8)), clock: clock, timeLimits: limits)
    }

    @Test("answers come in order and begin again")
    func order() async throws {
        let model = try model(#"{"answers":[{"text":"one two"},{"tokens":["x","y"],"finish_reason":"length"}]}"#)
        let first = await ask(model)
        #expect(first.events == [.text("one"), .text(" two")])
        #expect(first.completion?.finishReason == .stop)
        #expect(first.completion?.usage.outputTokens == 2)
        let second = await ask(model)
        #expect(second.events == [.text("x"), .text("y")])
        #expect(second.completion?.finishReason == .length)
        #expect(await ask(model).text == "one two")
    }

    @Test("a script that may not begin again ends with an error")
    func end() async throws {
        let model = try model(#"{"at_end":"fail","model":"my","answers":[{"text":"once"}]}"#)
        #expect(model.name == "my")
        #expect(await ask(model).completion?.model == "my")
        #expect(await ask(model).modelError?.kind == .unavailable)
    }

    @Test("tokens take the time that the script gives them")
    func times() async throws {
        let model = try model(
            #"{"interval_milliseconds":20,"answers":[{"tokens":["a","b","c"],"first_content_milliseconds":300},"#
                + #"{"reasoning":["hm"],"tokens":["a"],"interval_milliseconds":1.5}]}"#)
        _ = await ask(model)
        #expect(clock.waits == [.milliseconds(300), .milliseconds(20), .milliseconds(20)])
        let answer = await ask(model)
        #expect(answer.events == [.reasoning("hm"), .text("a")])
        #expect(answer.completion?.usage.reasoningTokens == 1)
        #expect(clock.waits.last == .microseconds(1500))
    }

    @Test("faults: an error, a cut, a stall, a silence beyond the limit")
    func faults() async throws {
        let limits = ModelTimeLimits(firstContent: .seconds(30), idle: .seconds(10))
        let model = try model(
            #"{"answers":[{"tokens":["a"],"error":{"kind":"rate_limited","message":"slow","#
                + #""retry_after_milliseconds":1000}},"#
                + #"{"tokens":["b"],"cut":true},{"tokens":["c"],"stall":true},{"stall":true},"#
                + #"{"tokens":["d"],"first_content_milliseconds":60000}]}"#, limits: limits)
        var answer = await ask(model)
        #expect(answer.text == "a")
        #expect(answer.modelError == ModelError(.rateLimited, "slow", retryAfter: .seconds(1)))
        answer = await ask(model)
        #expect(answer.text == "b")
        #expect(answer.modelError?.kind == .interrupted)
        #expect(clock.elapsed == .zero)
        answer = await ask(model)
        #expect(answer.text == "c")
        #expect(answer.modelError?.kind == .timedOut)
        #expect(clock.elapsed == .seconds(10))
        #expect(await ask(model).modelError?.kind == .timedOut)
        #expect(clock.elapsed == .seconds(40))
        answer = await ask(model)
        #expect(answer.events.isEmpty)
        #expect(answer.modelError?.kind == .timedOut)
        #expect(clock.elapsed == .seconds(70))
    }

    @Test("a stall ends at the caller's deadline and with the task's cancellation")
    func stallEnds() async throws {
        let script = #"{"answers":[{"stall":true}]}"#
        let answer = await ask(try model(script), .question("hi", deadline: clock.now + .seconds(2)))
        #expect(answer.modelError?.kind == .timedOut)
        #expect(clock.elapsed == .seconds(2))
        let still = ManualClock(firesTimers: false)
        let stalled = ScriptedModel(try ModelScript(parsing: Array(script.utf8)), clock: still)
        let task = Task { await ask(stalled) }
        while still.waits.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value.error is CancellationError)
    }

    @Test("tool calls end an answer as such")
    func toolCalls() async throws {
        let model = try model(
            #"{"answers":[{"tool_calls":[{"name":"time","arguments":{"zone":"UTC"}},{"id":"x","name":"f"}]}]}"#)
        let completion = await ask(model).completion
        #expect(completion?.finishReason == .toolCalls)
        #expect(
            completion?.toolCalls == [
                ToolCall(id: "call_0", name: "time", arguments: #"{"zone":"UTC"}"#),
                ToolCall(id: "x", name: "f", arguments: "{}"),
            ])
    }

    @Test(
        "a bad script is refused with the place of its fault",
        arguments: [
            ("", "no JSON"), ("{\"answers\":", "at byte 11"), ("[]", "not a JSON object"),
            ("{}", "at least one answer"),
            (#"{"answers":{}}"#, "answers is a list"), (#"{"answers":[1]}"#, "answer 1 is not"),
            (#"{"answers":[{}, {"txt":"x"}]}"#, #"answer 2: "txt" is not known"#), (#"{"at_end":"stop"}"#, "at_end"),
            (#"{"a\n\u001bb":1}"#, #""a  b" is not known"#),
            (#"{"answers":[{"cut":true,"stall":true}]}"#, "exclude each other"),
            (#"{"answers":[{"cut":1}]}"#, "true or false"), (#"{"answers":[{"tokens":[1]}]}"#, "list of strings"),
            (#"{"answers":[{"error":{"kind":"x"}}]}"#, "answer 1, error: kind is one of"),
            (#"{"answers":[{"finish_reason":"x"}]}"#, "finish_reason is one of"),
            (#"{"answers":[{"interval_milliseconds":-1}]}"#, "a number from 0"),
            (#"{"answers":[{"tool_calls":[{"name":"f","arguments":[]}]}]}"#, "arguments is an object"),
        ])
    func refusals(script: String, words: String) {
        do throws(ModelSetupError) {
            _ = try ModelScript(parsing: Array(script.utf8))
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .invalidScript)
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    @Test("a file that is not there is named")
    func noFile() {
        do throws(ModelSetupError) {
            _ = try ModelScript(contentsOf: "/nonexistent/script.json")
            Issue.record("read")
        } catch {
            #expect(error.message == "the script /nonexistent/script.json cannot be read: No such file or directory")
        }
    }
}
