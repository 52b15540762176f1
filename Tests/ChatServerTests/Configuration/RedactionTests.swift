// Secrets must not reach a log, a problem or a dump of a value, whichever way they came in.

import Testing

@testable import ChatServer

@Suite("Redaction")
struct RedactionTests {
    @Test(
        "passwords and keys in addresses are replaced",
        arguments: [
            ("redis://user:hunter2@host:6379/0", "redis://***@host:6379/0"),
            ("redis://:hunter2@host", "redis://***@host"),
            ("redis://host?password=hunter2&db=hunter2", "redis://host?password=***&db=***"),
            ("openai:gpt@https://hunter2@host/v1", "openai:gpt@https://***@host/v1"),
            ("openai:gpt@https://a:hunter2@b@host/v1", "openai:gpt@https://***@host/v1"),
            ("https://host/a@b", "https://host/a@b"),
            ("redis://:pa/hunter2@host", "redis://***@host"),
            ("redis://user:pa?hunter2@host:6379/0", "redis://***@host:6379/0"),
            ("redis://user:p@hunter2/x@host", "redis://***@host"),
            ("redis://host?hunter2", "redis://host?***"),
            ("redis://host?a=hunter2&hunter2", "redis://host?a=***&***"),
            ("redis://host:6379/0?", "redis://host:6379/0?"),
            ("https://host:443/v1", "https://host:443/v1"),
            ("redis://user:hunter2@\u{592}host", "redis://***@\u{592}host"),
            ("redis://host?\u{301}key=\u{301}hunter2", "redis://host?\u{301}key=***"),
            ("memory:", "memory:"),
            ("two\nlines", "two lines"),
        ])
    func addresses(text: String, shown: String) {
        #expect(Redaction.shown(text) == shown)
    }

    @Test("a long value is cut")
    func long() {
        #expect(Redaction.shown(String(repeating: "a", count: 201)) == String(repeating: "a", count: 200) + "...")
        #expect(Redaction.shown(String(repeating: "a", count: 200)) == String(repeating: "a", count: 200))
    }

    @Test("a secret prints as a mark in every way that Swift prints values")
    func secret() {
        let credentials = ModelCredentials(environment: ["OPENAI_API_KEY": "hunter2", "OPENAI_BASE_URL": ""])
        #expect(credentials.openAIKey?.value == "hunter2")
        #expect(credentials.openAIBaseURL == nil)
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test("neither the effective settings nor the problems hold a secret")
    func everywhere() {
        let environment = ["OPENAI_API_KEY": "hunter2", "CHATD_SYSTEM_PROMPT": "hunter2", "HOME": "/users/me"]
        let good = ConfigurationLoader.load(
            arguments: ["--model=openai:gpt@https://host/v1"], environment: environment)
        guard case .serve(_, let effective) = good else {
            Issue.record("refused")
            return
        }
        #expect(!"\(effective)".contains("hunter2"))
        let bad = ConfigurationLoader.load(
            arguments: [
                "hunter2", "--api-key=hunter2", "--api-key", "hunter2", "--store=redis://:hunter2@host",
                "--stream-model=openai:gpt@https://u:hunter2@host/v1?key=hunter2",
            ], environment: environment)
        guard case .refuse(let problems) = bad else {
            Issue.record("not refused")
            return
        }
        #expect(problems.count >= 5)
        #expect(!"\(problems)".contains("hunter2"))
    }
}
