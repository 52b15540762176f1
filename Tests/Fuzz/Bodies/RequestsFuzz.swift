// What callers write into requests, after it was unpacked: ids, texts, page tokens.

import ProtoMessages

@testable import ChatEngine

enum RequestsFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        if let request = try? ChatRequest(unpacking: bytes.span) { try turn(request) }
        if let request = try? ListMessagesRequest(unpacking: bytes.span) {
            for count in 1...2 { try token(request.pageToken, count: count) }
        }
    }

    private static func turn(_ request: ChatRequest) throws {
        func given(_ text: String) -> String? { text.isEmpty ? nil : text }
        let turn = TurnRequest(
            owner: "owner", message: request.message, sessionID: given(request.sessionID), userID: request.userID,
            turnID: given(request.turnID), systemPrompt: request.systemPrompt, model: given(request.model),
            temperature: request.temperature,
            outputTokensMax: request.maxOutputTokens == 0 ? nil : Int(request.maxOutputTokens),
            whenBusy: .wait(.milliseconds(Int64(request.busyWaitMilliseconds))))
        let valid: ValidTurn
        do throws(EngineError) {
            valid = try ValidTurn(turn, configuration: EngineConfiguration())
        } catch {
            return try require(isOneLine(error.message), "an error's words fit a line: \(error.message)")
        }
        for id in [valid.sessionID, valid.turnID] {
            try require(!id.isEmpty && isOneLine(id) && !id.contains(" "), "an id fits a key and a log: \(id)")
        }
        try require(valid.message.contains { !$0.isWhitespace }, "a message says something")
        try require((0...2).contains(valid.temperature ?? 0), "the temperature is one: \(valid.temperature ?? 0)")
        var again = turn
        again.turnID = valid.turnID
        again.sessionID = valid.sessionID
        let retried = try? ValidTurn(again, configuration: EngineConfiguration())
        try require(retried?.hash == valid.hash, "a retry with the ids that were given is the same request")
        again.message += "!"
        let other = try? ValidTurn(again, configuration: EngineConfiguration())
        try require(other?.hash != valid.hash, "another message is another request")
    }

    private static func token(_ text: String, count: Int) throws {
        guard let numbers = try? PageToken.parse(text, count: count) else { return }
        let made = count == 1 ? PageToken.make(numbers[0]) : PageToken.make(numbers[0], numbers[1])
        try require(made == text.lowercased(), "a page token is read as what it was made of: \(text)")
    }
}
