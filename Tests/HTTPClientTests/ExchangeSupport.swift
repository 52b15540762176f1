// What the suites share: a fake model on a loop of its own, and a request for it.

import FakeModel
import IOLoop

@testable import HTTPClient

/// A loop with a fake model on it. The loop's own client speaks to it over a real socket.
struct ModelOnLoop: Sendable {
    let onLoop: LoopActor
    let model: FakeModel
    let baseURL: String

    init(_ scripts: [FakeModelScript], limits: FakeModelLimits = FakeModelLimits()) async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let model = FakeModel(on: onLoop.loop, scripts: scripts, limits: limits)
        self.onLoop = onLoop
        self.model = model
        baseURL = try await onLoop.run { _ in
            try model.start()
            return model.baseURL
        }
    }

    func stop() async throws {
        try await onLoop.run { _ in model.stop() }
    }

    func chat(_ message: String = "hello", streams: Bool = true) -> HTTPRequest {
        let body = #"{"model":"m","stream":\#(streams),"stream_options":{"include_usage":true},"#
        return HTTPRequest(
            method: "POST", url: baseURL + "/chat/completions", headers: [("Content-Type", "application/json")],
            body: Array((body + #""messages":[{"role":"user","content":"\#(message)"}]}"#).utf8))
    }

    /// One whole exchange on the loop.
    func exchange(_ request: HTTPRequest, limits: HTTPTimeLimits = HTTPTimeLimits()) async throws -> Exchange {
        try await onLoop.run { _ in try await HTTPClient.current.exchange(request, limits: limits) }
    }

    /// Waits on the model's loop until what became of a request is as wanted.
    func request(
        _ id: Int, where condition: @Sendable (FakeModelRequest) -> Bool = { _ in true }
    ) async throws -> FakeModelRequest {
        try await onLoop.run { _ in
            try await model.waitForRequest(id, until: .now + .seconds(20), where: condition)
        }
    }
}

/// A whole response.
struct Exchange: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPClient {
    func exchange(_ request: HTTPRequest, limits: HTTPTimeLimits = HTTPTimeLimits()) async throws -> Exchange {
        try await withResponse(request, limits: limits) { response in
            var body: [UInt8] = []
            while let chunk = try await response.nextChunk() { body += chunk }
            return Exchange(status: response.status, headers: response.headers, body: body)
        }
    }
}
