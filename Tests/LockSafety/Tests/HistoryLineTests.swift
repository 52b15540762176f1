// Lines between the callers and the run, and the counters.

import LockHistories
import Testing

@Suite("What callers and the run tell each other")
struct HistoryLineTests {
    private static let halves: [HistoryLine.Half] = [
        .call(number: 1, key: "k", calledAt: 5, .acquire(holder: "a-1")),
        .call(number: 2, key: "k", calledAt: 5, .renew(holder: "a-1")),
        .call(number: 3, key: "k", calledAt: 5, .release(holder: "a-1")),
        .call(number: 4, key: "k", calledAt: 5, .inspect),
        .call(number: 5, key: "k", calledAt: 5, .force(fence: 9)),
        .answer(number: 1, returnedAt: 6, .granted(fence: 7, validity: 8)),
        .answer(number: 1, returnedAt: 6, .refused(LockOperation.Seen(fence: 7, holder: "b-1"))),
        .answer(number: 1, returnedAt: 6, .refused(LockOperation.Seen())),
        .answer(number: 1, returnedAt: 6, .held(LockOperation.Seen(fence: 7, holder: "b-1"))),
        .answer(number: 1, returnedAt: 6, .lost), .answer(number: 1, returnedAt: 6, .done),
        .answer(number: 1, returnedAt: 6, .doneOrLost), .answer(number: 1, returnedAt: 6, .free),
        .answer(number: 1, returnedAt: 6, .unknown), .withdrawn(number: 3),
    ]

    @Test("a line is read as it was written", arguments: halves)
    func roundTrip(half: HistoryLine.Half) { #expect(HistoryLine.half(HistoryLine.text(half)) == half) }

    @Test(
        "other lines are none",
        arguments: ["", "call", "call 1 2 k", "call x 2 k inspect", "answer 1 2 granted 3", "answer 1 2 maybe"])
    func others(line: String) { #expect(HistoryLine.half(line) == nil) }

    @Test("halves are put together, and a call without an answer stays open")
    func reader() {
        var reader = HistoryReader()
        for line in ["call 1 10 k acquire a", "call 2 20 k inspect", "answer 1 30 granted 5 6", "call 3 40 k inspect"] {
            #expect(reader.read(line) != nil)
        }
        #expect(reader.lastWasAcquire)
        #expect(reader.read("withdrawn 3") != nil)
        #expect(reader.read("answer 4 30 lost") == nil)
        let operations = reader.operations.sorted { $0.calledAt < $1.calledAt }
        #expect(operations.map(\.returnedAt) == [30, nil])
        #expect(operations.map(\.outcome) == [.granted(fence: 5, validity: 6), .unknown])
    }

    @Test("a late write is refused where fences are checked, and loses an update where they are not")
    func register() {
        var register = CounterRegister()
        let late = register.read("k", fence: 1)
        let next = register.read("k", fence: 2)
        #expect(next == CounterRegister.Values(fenced: 0, control: 0))
        let isTaken = register.write("k", CounterRegister.Values(fenced: 1, control: 1), fence: 2)
        #expect(isTaken)
        let lateValues = CounterRegister.Values(fenced: late.fenced + 1, control: late.control + 1)
        let isLateTaken = register.write("k", lateValues, fence: 1)
        #expect(!isLateTaken)
        #expect(register.lost == CounterRegister.Values(fenced: 0, control: 1))
        #expect(register.written == CounterRegister.Values(fenced: 1, control: 2))
        #expect(register.lateWrites == 1)
    }

    @Test("a greater fence that only read refuses the smaller one's write")
    func readCounts() {
        var register = CounterRegister()
        _ = register.read("k", fence: 1)
        _ = register.read("k", fence: 2)
        let isTaken = register.write("k", CounterRegister.Values(fenced: 1, control: 1), fence: 1)
        #expect(!isTaken)
    }
}
