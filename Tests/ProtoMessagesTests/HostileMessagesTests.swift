// What peers may send instead of messages: memory stays within 8 times the frame, and every failure is an error.

import Glibc
import Testing

@testable import ProtoMessages

/// Unpacks with the arena in view.
///
/// - Returns: the message or the error, and the memory that was taken at the peak (an arena never shrinks).
func unpackMeasured<M: CMessageConvertible>(
    _ type: M.Type, _ bytes: [UInt8], budget: Int? = nil
) -> (result: Result<M, ProtoError>, takenBytes: Int) {
    Arena.with(budget: budget ?? UnpackingLimits.budget(forBytes: bytes.count), expecting: 2 * bytes.count) { arena in
        let result = Result { () throws(ProtoError) in try M(MessageCodec.unpack(bytes.span, as: type, in: arena)) }
        return (result, arena.state.pointee.takenBytes)
    }
}

/// This process's resident memory.
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return 0 }
    let fields = buffer.prefix { $0 != 0 }.map { Character(UnicodeScalar(UInt8(bitPattern: $0))) }.split(separator: " ")
    return fields.count > 1 ? (Int(String(fields[1])) ?? 0) * 4_096 : 0
}

/// A length as protobuf writes it.
func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var result: [UInt8] = []
    while rest >= 0x80 {
        result.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
    }
    return result + [UInt8(rest)]
}

@Suite("Hostile messages")
struct HostileMessagesTests {
    static let frameBytes = 1 << 20

    /// Frames of a mebibyte that cost much more than a mebibyte if nothing stops them.
    static let costly: [(name: String, bytes: [UInt8])] = [
        ("unknown fields of two bytes", repeated([0x78, 0x01])),
        ("unknown empty texts", repeated([0x7A, 0x00])),
        ("empty submessages", repeated([0x0A, 0x00])),
        ("empty labels in one session", [0x0A] + varint(1 << 19) + repeated([0x1A, 0x00], upTo: 1 << 19)),
        ("sessions with one empty label", repeated([0x0A, 0x02, 0x1A, 0x00])),
        ("one text again and again", repeated([0x12, 0x01, 0x61])),
        ("one large text again and again", repeated([0x12] + varint(1000) + [UInt8](repeating: 0x61, count: 1000))),
    ]

    static func repeated(_ piece: [UInt8], upTo count: Int = frameBytes) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count + piece.count <= count { result += piece }
        return result
    }

    @Test("memory for unpacking stays within 8 times the frame and the floor", arguments: costly.indices)
    func memory(index: Int) {
        let bytes = Self.costly[index].bytes
        let limit = 8 * bytes.count + UnpackingLimits.budgetFloorBytes
        #expect(unpackMeasured(ListSessionsReply.self, bytes).takenBytes <= limit, "\(Self.costly[index].name)")
        #expect(unpackMeasured(EnvelopeRequest.self, bytes).takenBytes <= limit, "\(Self.costly[index].name)")
        #expect(unpackMeasured(EnvelopeResponse.self, bytes).takenBytes <= limit, "\(Self.costly[index].name)")
        #expect(unpackMeasured(ChatReply.self, bytes).takenBytes <= limit, "\(Self.costly[index].name)")
    }

    @Test("many tiny unknown fields are refused as over budget")
    func overBudget() {
        let bytes = Self.repeated([0x78, 0x01])
        #expect(throws: ProtoError.overBudget(message: "chat.v1.EchoRequest")) {
            try EchoRequest(unpacking: bytes.span)
        }
        #expect(throws: ProtoError.overBudget(message: "ttrpc.Request")) {
            try Envelope.withRequest(bytes.span) { _, _, _ in }
        }
    }

    @Test("a submessage that is sent again and again is merged within the budget")
    func merging() throws {
        // Every occurrence adds a detail; protobuf-c copies the list of details each time.
        let detail = [UInt8]([0x1A, 0x02, 0x0A, 0x00])
        let bytes = Self.repeated([0x0A, UInt8(detail.count)] + detail)
        let measured = unpackMeasured(EnvelopeResponse.self, bytes)
        #expect(measured.takenBytes <= UnpackingLimits.budget(forBytes: bytes.count))
        #expect(measured.result == .failure(.overBudget(message: "ttrpc.Response")))
    }

    @Test("dense but honest messages fit: a page of sessions with 16 short labels each, a turn with many tool runs")
    func honest() throws {
        let labels = (0..<16).map { Label(key: "key\($0)", value: "v") }
        let session = Session(
            id: "7d7b9a4e-54f7-4ad8-9d0e-2b7a5e0c1f42", title: "How do I", labels: labels, messageCount: 2,
            createdUnixMicroseconds: 1_767_000_000_000_000, updatedUnixMicroseconds: 1_767_000_000_000_000,
            expiresUnixMicroseconds: 1_769_000_000_000_000)
        let page = ListSessionsReply(sessions: Array(repeating: session, count: 200), nextPageToken: "token")
        #expect(try ListSessionsReply(unpacking: page.packed().span) == page)
        let message = ChatMessage(position: 1, role: .user, text: "ok")
        let messages = ListMessagesReply(messages: Array(repeating: message, count: 500))
        #expect(try ListMessagesReply(unpacking: messages.packed().span) == messages)
        let run = ToolRun(callID: "1", name: "time", arguments: "{}", output: "12", outcome: .succeeded)
        let reply = ChatReply(text: "x", toolRuns: Array(repeating: run, count: 64))
        #expect(try ChatReply(unpacking: reply.packed().span) == reply)
    }

    @Test("a message that is cut anywhere is an error or a shorter message, never more", arguments: 0..<20)
    func cutEverywhere(seed: Int) {
        var random = RandomSource(seed: UInt64(seed))
        func check<M: RandomMessage>(_ type: M.Type) {
            let bytes = M.random(&random).packed()
            for count in 0..<min(bytes.count, 600) {
                let cut = Array(bytes[..<count])
                let measured = unpackMeasured(type, cut)
                #expect(measured.takenBytes <= UnpackingLimits.budget(forBytes: count))
                if case .success(let message) = measured.result { #expect(message.packed().count <= count) }
            }
        }
        for type in everyMessageType { check(type) }
    }

    @Test("random bytes and flipped bits are an error or a message", arguments: 0..<40)
    func noise(seed: Int) {
        var random = RandomSource(seed: UInt64(seed))
        func check<M: RandomMessage>(_ type: M.Type) {
            var bytes = M.random(&random).packed()
            for _ in 0..<20 where !bytes.isEmpty {
                bytes[random.index(bytes.count)] ^= 1 << UInt8(random.index(8))
                let measured = unpackMeasured(type, bytes)
                #expect(measured.takenBytes <= UnpackingLimits.budget(forBytes: bytes.count))
            }
            _ = unpackMeasured(type, random.bytes())
        }
        for type in everyMessageType { check(type) }
    }

    @Test(
        "lengths that reach past the end are malformed",
        arguments: [1, 127, 128, 1 << 20, 1 << 31, 1 << 32, 1 << 62, UInt64.max])
    func hugeLengths(length: UInt64) {
        #expect(throws: ProtoError.malformed(message: "chat.v1.EchoRequest")) {
            try EchoRequest(unpacking: ([0x0A] + varint(length)).span)
        }
        #expect(throws: ProtoError.malformed(message: "ttrpc.Request")) {
            try Envelope.withRequest(([0x1A] + varint(length)).span) { _, _, _ in }
        }
    }

    @Test("a field with another wire type is malformed", arguments: [UInt8(0x08), 0x0B, 0x0C, 0x0F])
    func wireType(tag: UInt8) {
        #expect(throws: ProtoError.malformed(message: "chat.v1.EchoRequest")) {
            try EchoRequest(unpacking: [tag, 0x01].span)
        }
    }

    @Test(
        "text that is not UTF-8 is refused and the field is named",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x61, 0xE2, 0x82]] as [[UInt8]]
    )
    func invalidUTF8(text: [UInt8]) {
        #expect(throws: ProtoError.invalidUTF8(field: "chat.v1.ChatRequest.message")) {
            try ChatRequest(unpacking: ([0x0A, UInt8(text.count)] + text).span)
        }
        #expect(throws: ProtoError.invalidUTF8(field: "chat.v1.ServerInfo.services")) {
            try ServerInfo(unpacking: ([0x12, UInt8(text.count)] + text).span)
        }
        let label = [0x12, UInt8(text.count)] + text
        let session = [0x1A, UInt8(label.count)] + label
        #expect(throws: ProtoError.invalidUTF8(field: "chat.v1.Label.value")) {
            try Session(unpacking: session.span)
        }
    }

    @Test("text may hold U+0000")
    func nul() throws {
        let request = ChatRequest(message: "before\0after", systemPrompt: "\0")
        let again = try ChatRequest(unpacking: request.packed().span)
        #expect(again.message == "before\0after")
        #expect(again.systemPrompt == "\0")
    }

    @Test("memory that runs out at any allocation is an error")
    func allocationFailure() {
        var random = RandomSource(seed: 7)
        func check<M: RandomMessage>(_ type: M.Type) {
            let message = M.random(&random)
            let bytes = message.packed()
            for budget in stride(from: 0, through: 3_000, by: 8) {
                let measured = unpackMeasured(type, bytes, budget: budget)
                #expect(measured.takenBytes <= budget)
                switch measured.result {
                case .success(let again): #expect(again == message)
                case .failure(let error): #expect(error == .overBudget(message: M.fullName))
                }
            }
        }
        for type in everyMessageType { check(type) }
    }

    @Test("nothing is leaked, whether unpacking succeeds or fails")
    func leaks() async {
        await #expect(processExitsWith: .success) {
            var random = RandomSource(seed: 3)
            let good = ListSessionsReply(sessions: (0..<50).map { _ in Session.random(&random) }).packed()
            let badText = good + [0x12, 0x01, 0xFF]
            let cut = Array(good.dropLast(1))
            let tiny = HostileMessagesTests.repeated([0x78, 0x01], upTo: 1 << 16)
            func round() {
                for bytes in [good, badText, cut, tiny] {
                    _ = try? ListSessionsReply(unpacking: bytes.span)
                    _ = try? Envelope.withRequest(bytes.span) { _, _, _ in }
                }
            }
            for _ in 0..<50 { round() }
            // One leaked piece of an arena is 4 KiB or more: 8,000 of them would be 32 MiB.
            let before = residentBytes()
            for _ in 0..<2_000 { round() }
            let grown = residentBytes() - before
            // The address sanitizer keeps what is freed for a while, and finds by itself what is not.
            if getenv("CHAT_SANITIZER") != nil { return }
            precondition(grown < 8 << 20, "\(grown) bytes were leaked")
        }
    }
}
