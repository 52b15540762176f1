// How models and addresses are named, and what is refused in which words.

import Testing

@testable import LLMProviders

@Suite("Model spec")
struct ModelSpecTests {
    @Test(
        "specs are read, and written as they were",
        arguments: [
            "offline", "auto", "scripted:a.json", "scripted:/tmp/with:colon@x", "openai:gpt-4o", "openai:llama3:8b",
            "openai:m@http://127.0.0.1:8000/v1", "openai:@cf/meta/llama@https://h.example/v1",
        ])
    func forms(text: String) throws {
        #expect(try ModelSpec(text).description == text)
    }

    @Test("what an address has in its query, which may be a key, is sent and never shown")
    func queryIsNotShown() throws {
        let spec = try ModelSpec("openai:m@https://h/v1?api-key=hunter2")
        #expect(spec.description == "openai:m@https://h/v1?***")
        guard case .openAI(_, let url?) = spec else {
            Issue.record("no address")
            return
        }
        #expect(url.shown == "https://h/v1?***" && "\(url)" == url.shown)
        #expect(url.appending("/x") == "https://h/v1/x?api-key=hunter2")
    }

    @Test("parts of an openai spec")
    func openAI() throws {
        #expect(try ModelSpec("openai:m") == .openAI(model: "m", baseURL: nil))
        #expect(
            try ModelSpec("openai:org/m:free@HTTPS://H/v1/")
                == .openAI(model: "org/m:free", baseURL: BaseURL("HTTPS://H/v1")))
        #expect(try ModelSpec("openai:user@home") == .openAI(model: "user@home", baseURL: nil))
    }

    @Test(
        "bad specs are refused with what to do instead",
        arguments: [
            ("", ModelSetupError.Kind.invalidSpec, "openai:MODEL"), ("gpt-4o", .invalidSpec, "openai:MODEL"),
            ("Offline", .invalidSpec, "offline"), ("openai:", .invalidSpec, "openai:MODEL"),
            ("openai:@http://h", .invalidSpec, "name"), ("openai:a b", .invalidSpec, "spaces"),
            ("openai:m@http://user:pw@h/v1", .invalidSpec, "without a user"),
            ("openai:m@http://", .invalidSpec, "https://"),
            ("scripted:", .invalidSpec, "file"), ("anthropic:claude", .notSupported, "not supported yet"),
            ("foo:bar", .invalidSpec, "scripted:FILE"),
        ])
    func refusals(text: String, kind: ModelSetupError.Kind, word: String) {
        do throws(ModelSetupError) {
            let spec = try ModelSpec(text)
            Issue.record("accepted as \(spec)")
        } catch {
            #expect(error.kind == kind)
            #expect(error.message.contains(word))
        }
    }

    @Test(
        "addresses get paths before their query",
        arguments: [
            ("http://h", "http://h/models", "h"),
            ("https://H.example:443/v1//", "https://H.example:443/v1/models", "h.example"),
            ("http://[::1]:80/v1", "http://[::1]:80/v1/models", "::1"),
            ("http://h/a?b=c", "http://h/a/models?b=c", "h"),
        ])
    func addresses(text: String, path: String, host: String) throws {
        let url = try #require(BaseURL(text))
        #expect(url.appending("/models") == path)
        #expect(url.host == host)
    }

    @Test(
        "no address",
        arguments: [
            "", "h", "ftp://h", "http:///v1", "http://a b", "http://h#x", "http://u@h", "http://h:0", "http://h:99999",
            "http://h:x", "http://[::1", "http://[::1]x", "http://h\n", "http://호스트", "http://:80",
        ])
    func noAddresses(text: String) {
        #expect(BaseURL(text) == nil)
    }
}
