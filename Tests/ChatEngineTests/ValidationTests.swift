// The rules for requests, ids, names and labels, as tables.

import Testing

@testable import ChatEngine

@Suite("Validation")
struct ValidationTests {
    private let configuration = EngineConfiguration()

    private func error(_ change: (inout TurnRequest) -> Void) -> EngineError? {
        var request = TurnRequest(owner: "o", message: "hi")
        change(&request)
        do throws(EngineError) {
            _ = try ValidTurn(request, configuration: configuration)
            return nil
        } catch {
            return error
        }
    }

    @Test("ids have 1 to 128 bytes and no control characters, spaces or braces")
    func identifiers() {
        let good = ["a", "세션-1", String(repeating: "x", count: 128), "a:b/c?d", "🛠", "\"'\\"]
        let bad = [
            "", String(repeating: "x", count: 129), String(repeating: "가", count: 43), "a b", "a\tb", "a\u{0}", "{a",
            "a}",
            "a\u{7F}", "a\u{85}b", "a\u{A0}b", "a\u{3000}b", "a\u{2028}b", "\n",
        ]
        for id in good {
            #expect(error { $0.sessionID = id } == nil, "\(id)")
            #expect(error { $0.turnID = id } == nil, "\(id)")
            #expect(error { $0.userID = id } == nil, "\(id)")
        }
        for id in bad {
            #expect(error { $0.sessionID = id }?.reason == "SESSION_ID", "\(id)")
            #expect(error { $0.turnID = id }?.reason == "TURN_ID", "\(id)")
            if !id.isEmpty { #expect(error { $0.userID = id }?.reason == "USER_ID", "\(id)") }
        }
    }

    @Test("messages are not empty, not only white space, and not longer than the limit, which is named")
    func messages() {
        for text in ["", " ", "\n\t ", "\u{3000}\u{A0}"] {
            #expect(error { $0.message = text }?.reason == "MESSAGE_EMPTY")
        }
        #expect(error { $0.message = String(repeating: "x", count: 65_536) } == nil)
        let long = error { $0.message = String(repeating: "x", count: 65_537) }
        #expect(long?.kind == .invalidArgument && long?.reason == "MESSAGE_TOO_LONG")
        #expect(long?.message.contains("messageBytesMax is 65536") == true)
        #expect(error { $0.systemPrompt = String(repeating: "x", count: 65_537) }?.reason == "SYSTEM_PROMPT_TOO_LONG")
    }

    @Test("sampling values are in their ranges")
    func sampling() {
        for value in [-0.1, 2.1, .nan, .infinity] { #expect(error { $0.temperature = value }?.reason == "TEMPERATURE") }
        for value in [0, 0.7, 2] { #expect(error { $0.temperature = value } == nil) }
        for value in [0, -1, 1_000_001] { #expect(error { $0.outputTokensMax = value }?.reason == "OUTPUT_TOKENS") }
        #expect(error { $0.outputTokensMax = 1 } == nil)
        #expect(error { $0.whenBusy = .wait(.seconds(-1)) }?.reason == "BUSY_WAIT")
        #expect(error { $0.model = "" }?.reason == "MODEL")
        #expect(error { $0.model = "a\nb" }?.reason == "MODEL")
    }

    @Test("error messages never hold what the user wrote")
    func messagesAreNotLeaked() {
        let secret = String(repeating: "top secret ", count: 10_000)
        #expect(error { $0.message = secret }?.message.contains("secret") == false)
        #expect(error { $0.systemPrompt = secret }?.message.contains("secret") == false)
    }

    @Test("the request's hash covers what decides the answer, and not how it is delivered")
    func hashes() throws {
        func hash(_ change: (inout TurnRequest) -> Void = { _ in }) throws -> RequestHash {
            var request = TurnRequest(owner: "o", message: "hi", sessionID: "s", turnID: "t")
            change(&request)
            return try ValidTurn(request, configuration: configuration).hash
        }
        let base = try hash()
        #expect(try hash { $0.streams.toggle() } == base)
        #expect(try hash { $0.whenBusy = .refuse } == base)
        let changed = [
            try hash { $0.message = "ho" }, try hash { $0.userID = "u" }, try hash { $0.systemPrompt = "" },
            try hash { $0.model = "m" }, try hash { $0.temperature = 0 }, try hash { $0.outputTokensMax = 1 },
            try hash { $0.sessionID = "s2" },
        ]
        #expect(Set(changed + [base]).count == changed.count + 1)
    }

    @Test("the wait for a busy session is the caller's, at most and by default the configured one")
    func lockWait() throws {
        func wait(_ policy: BusyPolicy) throws -> Duration? {
            var request = TurnRequest(owner: "o", message: "hi")
            request.whenBusy = policy
            return try ValidTurn(request, configuration: configuration).lockWait
        }
        #expect(try wait(.refuse) == nil)
        #expect(try wait(.wait(nil)) == .seconds(30))
        #expect(try wait(.wait(.seconds(1))) == .seconds(1))
        #expect(try wait(.wait(.seconds(3600))) == .seconds(30))
    }

    @Test("SHA-256 agrees with the standard's examples")
    func sha256() {
        func digest(_ text: String) -> String {
            var hash = SHA256()
            hash.update(text)
            return hash.finalize().map { Identifier.hexadecimal(UInt64($0)).suffix(8) }.joined()
        }
        #expect(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            digest(String(repeating: "a", count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("made ids look like UUIDs, are new each time, and follow the rules for ids")
    func madeIdentifiers() throws {
        let ids = (0..<100).map { _ in Identifier.random() }
        #expect(Set(ids).count == 100)
        for id in ids {
            let parts: [Int] = id.split(separator: Character("-")).map(\.count)
            #expect(parts == [8, 4, 4, 4, 12] && Array(id)[14] == "4" && "89ab".contains(Array(id)[19]))
            try IdentifierRules(limits: EngineLimits()).checkSessionID(id)
        }
        #expect(Identifier.randomHexadecimal().count == 32)
        #expect(Identifier.sessionID(owner: "ab", turnID: "c") != Identifier.sessionID(owner: "a", turnID: "bc"))
        #expect(Array(Identifier.sessionID(owner: "a", turnID: "b"))[14] == "8")
    }
}
