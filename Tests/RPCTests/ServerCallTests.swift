// Calls on a real server: deadlines, cancellation, limits, isolation, and what its observer hears.

import ConformancePeer
import IOLoop
import Testing

@testable import RPC

@Suite("Server calls", .timeLimit(.minutes(2)))
struct ServerCallTests {
    @Test("the deadline ends a method that never returns, at once for its caller")
    func deadline() async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(
                HandWritten.request(id: 1, "Stubborn", HandWritten.keyValue("s"), timeoutNano: 50_000_000))
            let outcome = try await peer.frame().outcome
            #expect(outcome.code == 4)
            #expect(server.journal.entries == ["stubborn s"])
            #expect(server.calls.lines == ["Stubborn DEADLINE_EXCEEDED"])
            #expect(try await peer.call(id: 3, "Fail", HandWritten.keyValue("6")).code == 6)
            server.journal.note("release s")
        }
    }

    @Test("the deadline cancels what the method waits for")
    func deadlineCancels() async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h"), timeoutNano: 50_000_000))
            #expect(try await peer.frame().outcome.code == 4)
            try await server.journal.untilNoted("cancelled h")
        }
    }

    @Test("the deadline of a call that is done does not end the next one with its id")
    func deadlineOfDoneCall() async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Fail", HandWritten.keyValue("6"), timeoutNano: 50_000_000))
            #expect(try await peer.frame().outcome.code == 6)
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("a")))
            await peer.send(HandWritten.request(id: 3, "Hang", HandWritten.keyValue("b"), timeoutNano: 100_000_000))
            try await server.journal.untilNoted("cancelled b")
            #expect(try await peer.frame().id == 3)
            #expect(server.journal.entries == ["hang a", "hang b", "cancelled b"])
        }
    }

    @Test("a call whose deadline had passed is not begun")
    func expired() async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h"), timeoutNano: -1))
            let outcome = try await peer.frame().outcome
            #expect(outcome.code == 4)
            #expect(try await peer.call(id: 3, "Fail", HandWritten.keyValue("6")).code == 6)
            #expect(server.journal.entries == [])
        }
    }

    @Test("CANCEL is answered CANCELLED and the method is cancelled, also in a stream")
    func cancel() async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            await peer.send(HandWritten.request(id: 3, "Steps", HandWritten.keyValue("s")))
            try await server.journal.untilNoted("hang h")
            try await server.journal.untilNoted("gate s")
            #expect(try await peer.frame().type == 0x03)
            for (id, key) in [(1, "h"), (3, "s")] as [(UInt32, String)] {
                await peer.send(HandWritten.frame(id: id, type: 0x80))
                let frame = try await peer.frame()
                #expect(frame.id == id)
                #expect(frame.outcome.code == 1)
                try await server.journal.untilNoted("cancelled \(key)")
            }
            #expect(server.calls.lines == ["Hang CANCELLED", "Steps CANCELLED"])
        }
    }

    @Test("a call whose CANCEL came with it is not begun")
    func cancelAtOnce() async throws {
        try await ScriptedServer.withPeer { server, peer in
            let request = HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h"))
            await peer.send(request + HandWritten.frame(id: 1, type: 0x80))
            let cancelled = try await peer.frame()
            #expect(cancelled.outcome.code == 1)
            await peer.send(HandWritten.request(id: 3, "Large", HandWritten.keyValue("1")))
            #expect(try await peer.frame().id == 3)
            #expect(!server.journal.entries.contains("hang h"))
        }
    }

    @Test("a lost connection cancels its calls and leaves the others alone")
    func lostConnection() async throws {
        try await ScriptedServer.withPeer { server, other in
            await other.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            try await RawPeer.with(server.address) { peer in
                await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
                await peer.send(HandWritten.request(id: 3, "Steps", HandWritten.keyValue("s")))
                try await server.journal.untilNoted("hang h")
                try await server.journal.untilNoted("gate s")
            }
            try await server.journal.untilNoted("cancelled h")
            try await server.journal.untilNoted("cancelled s")
            #expect(
                Set(server.calls.lines) == ["Hang CANCELLED CONNECTION_LOST", "Steps CANCELLED CONNECTION_LOST"])
            server.methods.open("g")
            #expect(try await other.frame().outcome.pair == ["g"])
        }
    }

    @Test("past the limit of calls a call is refused, not the connection; a cancelled call that goes on counts")
    func limit() async throws {
        var limits = ServerLimits()
        limits.callsPerConnectionMax = 2
        try await ScriptedServer.withPeer(limits: limits) { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            await peer.send(HandWritten.request(id: 3, "Stubborn", HandWritten.keyValue("s")))
            try await server.journal.untilNoted("stubborn s")
            for id: UInt32 in [5, 7] {
                let refused = try await peer.call(id: id, "Count", HandWritten.keyValue("1"))
                #expect(refused.code == 8)
                #expect(refused.reason == "TOO_MANY_CALLS")
                // The second time the stubborn call has its answer and still runs.
                if id == 5 {
                    await peer.send(HandWritten.frame(id: 3, type: 0x80))
                    #expect(try await peer.frame().outcome.code == 1)
                }
            }
            server.methods.open("g")
            #expect(try await peer.frame().id == 1)
            // Gate's task has returned by the time its answer is here.
            #expect(try await peer.call(id: 9, "Fail", HandWritten.keyValue("6")).code == 6)
            server.journal.note("release s")
        }
    }

    @Test("methods run on their connection's loop, after every await; connections are dealt out to the loops")
    func isolation() async throws {
        var loops: [String] = []
        try await ScriptedServer.with(loops: 2) { server in
            for _ in 0..<4 {
                let outcome = try await RawPeer.with(server.address) { try await $0.call(id: 1, "Where") }
                #expect(outcome.pair.first == "9")
                loops.append(outcome.pair.last ?? "")
            }
        }
        #expect(loops.sorted() == ["server 1", "server 1", "server 2", "server 2"])
    }

    @Test("the observer hears of each call once, with its code")
    func observed() async throws {
        try await ScriptedServer.withPeer { server, peer in
            _ = try await peer.call(id: 1, "Where")
            _ = try await peer.call(id: 3, "Fail", HandWritten.keyValue("5"))
            await peer.send(HandWritten.request(id: 5, "CountAndFail", HandWritten.keyValue("0")))
            _ = try await peer.frame()
            await peer.send(HandWritten.request(id: 7, "Count", HandWritten.keyValue("0")))
            _ = try await peer.frame()
            #expect(
                server.calls.lines == [
                    "Where OK", "Fail NOT_FOUND", "CountAndFail DATA_LOSS COUNT_BROKE", "Count OK",
                ])
        }
    }
}
