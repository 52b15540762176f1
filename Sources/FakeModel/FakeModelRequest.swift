// A request as the fake model saw it, for tests to look at, and its reading out of a connection's bytes.

internal import JSON

/// One request, and what became of it.
package struct FakeModelRequest: Sendable {
    /// From 0, in order of arrival over all connections.
    package let id: Int
    /// From 0, in order of acceptance: equal for requests that shared a connection.
    package let connection: Int
    package let method: String
    package let path: String
    /// Names in small letters.
    package let headers: [(name: String, value: String)]
    /// At most `FakeModelLimits.recordedBodyBytesMax` bytes.
    package let body: [UInt8]
    package let arrived: ContinuousClock.Instant
    /// Bytes of the answer that the kernel took.
    package internal(set) var bytesSent = 0
    package internal(set) var tokensSent = 0
    /// When the last byte of the answer was written.
    package internal(set) var answered: ContinuousClock.Instant?
    /// When the client closed the connection before the answer was complete.
    package internal(set) var closedByClient: ContinuousClock.Instant?

    /// The value of the first header named `name`, in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name == name }?.value
    }
}

/// The first line and headers of a request.
struct FakeModelRequestHead {
    var method = ""
    var path = ""
    var headers: [(name: String, value: String)] = []
    var bodyBytes = 0
    var wantsContinue = false
    var keepsAlive = true

    /// What is wrong with a request, as a status.
    enum Fault: Int, Error {
        case badRequest = 400
        case lengthRequired = 411
        case bodyTooLarge = 413
        case headersTooLarge = 431
    }

    init(_ bytes: ArraySlice<UInt8>, bodyBytesMax: Int) throws(Fault) {
        var lines = bytes.split(separator: 0x0A).makeIterator()
        let first = lines.next().map(Self.text)?.split(separator: " ") ?? []
        guard first.count == 3, first[2] == "HTTP/1.1" || first[2] == "HTTP/1.0" else { throw .badRequest }
        (method, path) = (String(first[0]), String(first[1]))
        keepsAlive = first[2] == "HTTP/1.1"
        while let line = lines.next().map(Self.text), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw .badRequest }
            let name = line[..<colon].lowercased()
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            headers.append((name, value))
            switch name {
            case "content-length":
                guard let count = Int(value), count >= 0 else { throw .badRequest }
                guard count <= bodyBytesMax else { throw .bodyTooLarge }
                bodyBytes = count
            case "transfer-encoding": throw .lengthRequired
            case "expect": wantsContinue = value.lowercased() == "100-continue"
            case "connection": keepsAlive = value.lowercased() != "close"
            default: break
            }
        }
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
}

extension FakeModelPlan.Question {
    /// Reads a chat completions request; nil when it is none.
    init?(body: ArraySlice<UInt8>) {
        guard let document = try? JSONDocument(body.span) else { return nil }
        let root = document.root
        guard let messages = root["messages"]?.elements else { return nil }
        model = root["model"]?.string ?? "fake"
        streams = root["stream"]?.bool ?? false
        includesUsage = root["stream_options"]?["include_usage"]?.bool ?? false
        for item in messages where item["role"]?.string == "user" {
            guard let content = item["content"] else { continue }
            if let text = content.string {
                message = text
            } else if let parts = content.elements {
                message = parts.compactMap { $0["text"]?.string }.joined()
            }
        }
    }
}
