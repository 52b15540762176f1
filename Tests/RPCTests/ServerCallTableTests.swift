// The table of a connection's calls, as transcripts: what is asked, what it says.

import Testing
import Wire

@testable import RPC

@Suite("Call table")
struct ServerCallTableTests {
    private typealias Table = CallTable<String>

    private func id(_ number: UInt32) -> StreamID { StreamID(rawValue: number) }

    private func code(_ admission: Table.Admission) -> (StatusCode, String)? {
        switch admission {
        case .begin: nil
        case .refuse(let error), .endRunning(let error): (error.code, error.reason)
        }
    }

    private func expectAnswer(
        _ table: inout Table, _ number: UInt32, by call: String? = nil, isGiven: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let isAnswered = table.answer(id(number)) { call == nil || $0 == call }
        #expect(isAnswered == isGiven, sourceLocation: sourceLocation)
    }

    @Test("a call begins, is answered once, and its task returns")
    func oneCall() {
        var table = Table(callsMax: 2)
        #expect(table.isIdle)
        #expect(table.request(id(1)) == .begin)
        table.begin(id(1), "a")
        #expect(table.isUnanswered(id(1)))
        #expect(!table.isIdle)
        expectAnswer(&table, 1, by: "a")
        expectAnswer(&table, 1, isGiven: false)
        #expect(!table.isUnanswered(id(1)))
        #expect(!table.isIdle)
        table.taskReturned()
        #expect(table.isIdle)
    }

    @Test("a request that is admitted and not begun leaves nothing behind")
    func notBegun() {
        var table = Table(callsMax: 1)
        for number: UInt32 in [1, 1, 3] { #expect(table.request(id(number)) == .begin) }
        #expect(table.isIdle)
    }

    @Test("an id in use ends its call; once that is answered the id is free, though the task still runs")
    func idInUse() {
        var table = Table(callsMax: 2)
        table.begin(id(1), "a")
        guard case .endRunning(let error) = table.request(id(1)) else {
            Issue.record("the running call should end")
            return
        }
        #expect(error.code == .invalidArgument)
        expectAnswer(&table, 1, by: "a")
        #expect(table.request(id(1)) == .begin)
        table.begin(id(1), "b")
        // The first call's task may not answer for the second.
        expectAnswer(&table, 1, by: "a", isGiven: false)
        #expect(table.runningCount == 2)
        table.taskReturned()
        #expect(table.isUnanswered(id(1)))
    }

    @Test("ids that no call may have are refused", arguments: [0, 2, 4_294_967_294, 4_294_967_295] as [UInt32])
    func notForCalls(number: UInt32) {
        var table = Table(callsMax: 1)
        #expect(code(table.request(id(number)))?.0 == .invalidArgument)
    }

    @Test("the limit counts tasks, not answers: a cancelled call that goes on takes a place")
    func limit() {
        var table = Table(callsMax: 2)
        table.begin(id(1), "a")
        table.begin(id(3), "b")
        #expect(code(table.request(id(5))) ?? (.ok, "") == (.resourceExhausted, "TOO_MANY_CALLS"))
        expectAnswer(&table, 1)
        #expect(code(table.request(id(5))) ?? (.ok, "") == (.resourceExhausted, "TOO_MANY_CALLS"))
        table.taskReturned()
        #expect(table.request(id(5)) == .begin)
    }

    @Test("after draining began, nothing begins and what runs goes on")
    func drain() {
        var table = Table(callsMax: 2)
        table.begin(id(1), "a")
        table.drain()
        #expect(table.isDraining)
        #expect(code(table.request(id(3))) ?? (.ok, "") == (.unavailable, "NOT_PROCESSED"))
        // An id in use is the client's mistake, also now.
        #expect(code(table.request(id(1)))?.0 == .invalidArgument)
        expectAnswer(&table, 1)
        table.taskReturned()
        #expect(table.isIdle)
    }

    @Test("data: only an empty end is welcome; what comes too late is dropped")
    func data() {
        var table = Table(callsMax: 2)
        _ = table.request(id(5))
        table.begin(id(5), "a")
        #expect(table.data(id(5), isEmptyEnd: true) == nil)
        #expect(table.data(id(5), isEmptyEnd: false)?.code == .invalidArgument)
        #expect(table.data(id(7), isEmptyEnd: true) == nil)
        #expect(table.data(id(7), isEmptyEnd: false)?.code == .invalidArgument)
        #expect(table.data(id(2), isEmptyEnd: false)?.code == .invalidArgument)
        expectAnswer(&table, 5)
        #expect(table.data(id(5), isEmptyEnd: false) == nil)
        #expect(table.isLate(id(5)))
        #expect(!table.isLate(id(7)))
    }

    @Test("a lost connection takes all calls; their tasks still return")
    func takeAll() {
        var table = Table(callsMax: 3)
        for (number, name) in [(1, "a"), (3, "b"), (5, "c")] as [(UInt32, String)] { table.begin(id(number), name) }
        expectAnswer(&table, 3)
        #expect(Set(table.takeAll()) == ["a", "c"])
        #expect(table.takeAll() == [])
        #expect(table.runningCount == 3)
        for _ in 0..<3 { table.taskReturned() }
        #expect(table.isIdle)
    }

    @Test("a thousand seeded steps agree with a plain count of calls and tasks")
    func seeded() {
        var random = SeededNumbers(seed: 11)
        var table = Table(callsMax: 16)
        var (unanswered, running): (Set<UInt32>, Int) = ([], 0)
        for _ in 0..<1000 {
            let number = UInt32.random(in: 0..<24, using: &random) * 2 + 1
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                let admission = table.request(id(number))
                if unanswered.contains(number) {
                    #expect(code(admission)?.0 == .invalidArgument)
                } else if running == 16 {
                    #expect(code(admission)?.1 == "TOO_MANY_CALLS")
                } else {
                    #expect(admission == .begin)
                    table.begin(id(number), String(number))
                    unanswered.insert(number)
                    running += 1
                }
            case 1:
                expectAnswer(&table, number, isGiven: unanswered.remove(number) != nil)
            default:
                // A task returns after its answer, so there must be an answered one.
                guard running > unanswered.count else { continue }
                table.taskReturned()
                running -= 1
            }
            #expect(table.runningCount == running)
            #expect(table.unanswered.count == unanswered.count)
        }
    }
}

/// SplitMix64: the same numbers on every run.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
