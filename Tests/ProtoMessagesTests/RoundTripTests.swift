// Every message of proto/ through protobuf-c and back.

import ProtoMessages
import Testing

@Suite("Round trips of every message")
struct RoundTripTests {
    @Test("a message is the same after packing and unpacking", arguments: 0..<40)
    func roundTrip(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        func check<M: RandomMessage>(_ type: M.Type) throws {
            let message = M.random(&random)
            let bytes = message.packed()
            let again = try M(unpacking: bytes.span)
            #expect(again == message, "\(M.fullName)")
            #expect(again.packed() == bytes, "\(M.fullName) packs to the same bytes")
        }
        for type in everyMessageType { try check(type) }
    }

    @Test("an empty message is no bytes, and no bytes are an empty message")
    func empty() throws {
        func check<M: RandomMessage>(_ type: M.Type) throws {
            #expect(M().packed().isEmpty)
            let none: [UInt8] = []
            #expect(try M(unpacking: none.span) == M())
        }
        for type in everyMessageType { try check(type) }
    }

    @Test("presence survives: an empty text that was set is not one that was left out")
    func presence() throws {
        let set = ChatRequest(message: "hi", systemPrompt: "", temperature: 0)
        let again = try ChatRequest(unpacking: set.packed().span)
        #expect(again.systemPrompt == "")
        #expect(again.temperature == 0)
        let leftOut = try ChatRequest(unpacking: ChatRequest(message: "hi").packed().span)
        #expect(leftOut.systemPrompt == nil)
        #expect(leftOut.temperature == nil)
    }

    @Test("an enum's number that this version does not know is kept")
    func unknownEnum() throws {
        let request = ChatRequest(whenBusy: .unrecognized(77))
        #expect(try ChatRequest(unpacking: request.packed().span).whenBusy == .unrecognized(77))
    }

    @Test("the last member of a oneof that was sent counts")
    func lastOneofMember() throws {
        let bytes = ChatEvent(event: .text("one")).packed() + ChatEvent(event: .reasoning("two")).packed()
        #expect(try ChatEvent(unpacking: bytes.span).event == .reasoning("two"))
    }
}
