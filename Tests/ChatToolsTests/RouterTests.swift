// Which questions get which tools, and what the time is.

import ChatEngine
import Testing

@testable import ChatTools

/// A clock that stands still.
private struct StoppedClock: EngineClock {
    struct NoTimer: EngineTimer {
        func cancel() {}
    }

    var wallMicroseconds: Int64
    var now: ContinuousClock.Instant { ContinuousClock().now }

    func schedule(
        at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> any EngineTimer { NoTimer() }
}

@Suite("Built-in tools")
struct RouterTests {
    private let router = BuiltInToolRouter(clock: StoppedClock(wallMicroseconds: 1_795_338_707_000_000))

    private func expression(in question: String) async throws -> String? {
        let call = try await router.route(question).first { $0.name == "calculator" }
        return call.map { String($0.arguments.dropFirst(#"{"expression":""#.count).dropLast(2)) }
    }

    @Test(
        "expressions are found where the question has one",
        arguments: [
            ("What is 12*3?", "12*3"), ("what is 7 / 2 ?", "7 / 2"), ("3 + 4", "3 + 4"), ("(1+2)*3 계산해줘", "(1+2)*3"),
            ("100 * 5% 는 얼마야?", "100 * 5%"), ("3 더하기 4는?", "3 + 4"), ("6 times 7", "6 * 7"), ("Compute 2^10.", "2^10"),
            ("10 divided by 4, please", "10 / 4"), ("5-3=", "5-3"), ("5-3은?", "5-3"), ("7/2", "7/2"),
            ("calculate 10-2-3", "10-2-3"), ("수익은 (1,200 - 1,000) * 3 입니다.", "(1,200 - 1,000) * 3"), ("1/0 계산", "1/0"),
            ("-3 + 5 please", "-3 + 5"), ("1 + 1 (really)", "1 + 1"),
        ])
    func findsExpression(question: String, expected: String) async throws {
        #expect(try await expression(in: question) == expected)
    }

    @Test(
        "other numbers are left alone",
        arguments: [
            "테슬라 주식 분석해줘", "2026-11-22 회의 잡아줘", "Call me at 010-1234-5678", "We offer 24/7 support", "10% 할인해줘",
            "gpt4-32k vs gpt4-8k", "version 1.2.3", "I have 3 apples, 4 pears", "5", "", "(see below)", "C++ 17",
            "a - b",
            "오늘 삼성전자 -3% 하락", "https://example.com/1/2",
        ])
    func leavesAlone(question: String) async throws {
        #expect(try await expression(in: question) == nil)
    }

    @Test(
        "the time is told where the question asks for it",
        arguments: [
            ("지금 몇 시야?", true), ("몇시예요", true), ("현재 시각 알려줘", true), ("오늘 날짜가 뭐야", true), ("오늘 무슨 요일이지?", true),
            ("What time is it?", true), ("what’s the date today", true), ("CURRENT TIME please", true),
            ("몇 시간 걸려?", false), ("지금 몇 시간 남았어", false), ("It takes time", false), ("시간 관리 방법", false), ("안녕", false),
            ("Is this a good time to buy?", false), ("몇\u{3000}시\u{A0}야", true), ("몇", false), ("몇시", false),
            ("몇 시간 전이야? 그리고 지금 몇 시야?", true),
            // In single letters, as some systems write.
            ("\u{1106}\u{1167}\u{11BE}\u{1109}\u{1175}\u{110B}\u{1163}", true),
        ])
    func tellsTime(question: String, expected: Bool) async throws {
        #expect(try await router.route(question).contains { $0.name == "current_time" } == expected)
    }

    @Test("both tools run where both are needed, each call with an id of its own")
    func both() async throws {
        let calls = try await router.route("지금 몇 시야? 그리고 3 * 4 는?")
        #expect(calls.map(\.name) == ["current_time", "calculator"])
        #expect(Set(calls.map(\.id)).count == 2)
        #expect(Set(router.tools.map(\.definition.name)) == Set(calls.map(\.name)))
    }

    @Test("only the beginning of a long question is looked at, and quickly")
    func longQuestion() async throws {
        #expect(try await expression(in: String(repeating: "1-", count: 30_000)) == nil)
        #expect(try await expression(in: String(repeating: "x ", count: 30_000) + "1 + 1") == nil)
    }

    @Test(
        "routing a long question takes little time, since it happens on the loop",
        arguments: ["오늘 삼성전자 주가를 자세히 알려줘 ", "1-1 a ", "2026-11-22에 ", "   1-1 x"])
    func quick(piece: String) async throws {
        let question = String(repeating: " ", count: 500) + String(repeating: piece, count: 100)
        let clock = ContinuousClock()
        var fastest = Duration.seconds(60)
        for _ in 0..<20 {
            let start = clock.now
            #expect(try await router.route(question).isEmpty)
            fastest = min(fastest, start.duration(to: clock.now))
        }
        // Also without optimisation, which multiplies it by ten and more.
        #expect(fastest < .milliseconds(20))
    }

    @Test(
        "times are written as ISO 8601 in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00Z", "Thursday"), (951_782_400, "2000-02-29T00:00:00Z", "Tuesday"),
            (1_795_338_707, "2026-11-22T09:11:47Z", "Sunday"), (-1, "1969-12-31T23:59:59Z", "Wednesday"),
            (4_107_542_399, "2100-02-28T23:59:59Z", "Sunday"), (4_107_542_400, "2100-03-01T00:00:00Z", "Monday"),
            (-62_135_596_800, "0001-01-01T00:00:00Z", "Monday"), (253_402_300_799, "9999-12-31T23:59:59Z", "Friday"),
        ])
    func civilTime(seconds: Int64, text: String, weekday: String) {
        let time = CivilTime(microseconds: seconds * 1_000_000 + 999_999)
        #expect(time.iso8601 == text && time.weekdayName == weekday)
    }

    @Test("the time tool tells its clock's time")
    func timeTool() async throws {
        let call = ToolCall(id: "1", name: "current_time", arguments: "")
        let text = try await router.tools[0].run(call, deadline: ContinuousClock().now)
        #expect(text == "current time: 2026-11-22T09:11:47Z (UTC, Sunday)")
    }
}
