// Asks a server which models it has. Used by `auto` at start, on the caller's actor.

internal import ChatEngine
internal import JSON

/// Asks `GET /models`, which all compatible servers answer.
struct ModelServerProbe {
    /// For the whole question. A server on this machine answers in milliseconds, a distant one within a second or two.
    static let limit = Duration.seconds(3)
    static let connectLimit = Duration.seconds(1)
    /// A list of all models of the largest provider is smaller.
    static let bodyBytesMax = 1 << 20
    /// Names that mark models which do not chat.
    private static let otherKinds = ["embed", "whisper", "tts", "dall-e", "moderation", "rerank"]

    let transport: any ModelTransport
    let clock: any EngineClock

    /// The names of the models that may chat, in the server's order; empty when no model server answers there.
    ///
    /// - Throws: `CancellationError`.
    func models(at url: BaseURL, key: String) async throws -> [String] {
        let configuration = OpenAIConfiguration(model: "", baseURL: url, key: key)
        let request = ModelHTTPRequest(
            method: "GET", url: url.appending("/models"),
            headers: configuration.authorizationHeaders + [("Accept", "application/json")])
        let deadline = clock.now + Self.limit
        do {
            return try await transport.withResponse(
                request, connect: Self.connectLimit, headersBy: deadline, deadline: deadline
            ) { response in
                guard response.status == 200 else { return [] }
                let (body, isCut) = try await response.body(upTo: Self.bodyBytesMax, until: deadline)
                return isCut ? [] : Self.models(in: body)
            }
        } catch is ModelTransportError {
            return []
        }
    }

    static func models(in body: [UInt8]) -> [String] {
        guard let root = try? JSONDocument(body).root, let list = root["data"]?.elements else { return [] }
        let names = list.compactMap { $0["id"]?.string }
        return names.filter { name in
            let lower = name.lowercased()
            return !name.isEmpty && name.utf8.count <= ModelSpec.modelBytesMax && name.utf8.allSatisfy { $0 > 0x20 }
                && !otherKinds.contains { lower.contains($0) }
        }
    }
}
