// The envelope's two readers beside each other: the one of the hot path and the generated one; then what a status
// tells.

@testable import ProtoMessages
@testable import RPC

enum EnvelopeFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        try request(bytes)
        try response(bytes)
    }

    private static let paths: [String] = ["chat.v1.ChatService/Chat", "chat.v1.ChatService/StreamChat", "/", "a/b"]
    private static let table: PathTable<Int> = {
        var table = PathTable<Int>()
        for (index, path) in paths.enumerated() { _ = table.insert(index, path: path) }
        return table
    }()

    private static func request(_ bytes: [UInt8]) throws {
        let generated = Result { () throws(ProtoError) in try EnvelopeRequest(unpacking: bytes.span) }
        var read: EnvelopeRequest?
        var path: [UInt8] = []
        var method: Int?
        var failure: ProtoError?
        do throws(ProtoError) {
            try Envelope.withRequest(bytes.span) { head, pathBytes, payload in
                path = pathBytes.withUnsafeBufferPointer(Array.init)
                method = table[pathBytes]
                read = EnvelopeRequest(
                    payload: payload.withUnsafeBufferPointer(Array.init), timeoutNano: head.timeoutNanoseconds,
                    metadata: head.metadata.map { EnvelopeKeyValue(key: $0.key, value: $0.value) })
            }
        } catch {
            failure = error
        }
        guard var expected = try? generated.get() else {
            return try require(
                read == nil && generated == .failure(failure ?? .malformed(message: "")),
                "both readers refuse a request alike: \(generated), \(String(describing: failure))")
        }
        guard let read else {
            // The path is put together in the same memory, which may not be there any more.
            return try require(
                failure == .overBudget(message: "ttrpc.Request"), "a request is refused by one reader: \(failure!)")
        }
        let expectedPath = expected.service + "/" + expected.method
        try require(path == Array(expectedPath.utf8), "the path is service/method")
        try require(
            method == paths.firstIndex { $0.utf8.elementsEqual(path) }, "a method is found exactly by its own path")
        try writtenAgain(expected)
        expected.service = ""
        expected.method = ""
        try require(read == expected, "both readers read the same request")
        let metadata = Metadata(read.metadata.map { ($0.key, $0.value) })
        for pair in metadata.pairs {
            try require(metadata[pair.key] != nil, "a key of the metadata is found as it was kept")
        }
    }

    private static func writtenAgain(_ request: EnvelopeRequest) throws {
        var written: [UInt8] = []
        Envelope.appendRequest(
            service: request.service, method: request.method,
            head: RequestHead(
                timeoutNanoseconds: request.timeoutNano, metadata: request.metadata.map { ($0.key, $0.value) }),
            payload: request.payload.span, to: &written)
        try require(written == request.packed(), "both writers write the same request")
    }

    private static func response(_ bytes: [UInt8]) throws {
        let generated = Result { () throws(ProtoError) in try EnvelopeResponse(unpacking: bytes.span) }
        var read: EnvelopeResponse?
        var failure: ProtoError?
        do throws(ProtoError) {
            try Envelope.withResponse(bytes.span) { status, payload in
                read = EnvelopeResponse(status: status, payload: payload.withUnsafeBufferPointer(Array.init))
            }
        } catch {
            failure = error
        }
        switch (generated, read) {
        case (.success(let expected), let read?):
            let status = expected.status.flatMap { $0.code == 0 ? nil : $0 }
            try require(
                read == EnvelopeResponse(status: status, payload: expected.payload),
                "both readers read the same response")
            if let status { try readStatus(status) }
        case (.success, nil):
            throw BrokenProperty("a response is refused by the fast reader alone: \(failure!)")
        case (.failure(.invalidUTF8), let read?):
            // The words of a status that says OK are not looked at.
            try require(read.status == nil, "bad text in a status is refused")
        case (.failure(let error), _):
            try require(failure == error, "both readers refuse a response alike: \(error)")
        }
    }

    /// A peer's status becomes an error, which is the same after it travelled once more.
    private static func readStatus(_ status: RPCStatus) throws {
        let error = RPCError(status)
        try require(error.retryAfter ?? .zero >= .zero, "no peer asks to wait for a negative time")
        let longest = Duration.seconds(315_576_000_000)
        guard status.message.utf8.count <= 4_096, error.retryAfter ?? .zero <= longest else { return }
        try require(RPCError(error.status) == error, "an error survives the way: \(error)")
    }
}
