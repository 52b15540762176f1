// Decides by the question's words which built-in tools run before the model, as the platform's router does: without a
// model, without regular expressions, in Korean and English. A tool too many costs a line of the prompt; one too few, a
// wrong answer.

package import ChatEngine

/// Picks the time and the calculator.
///
/// The time: where the question asks for the present time, date or weekday by one of `timePhrases`. The calculator:
/// where `ArithmeticFinder` finds an expression.
package struct BuiltInToolRouter: ToolRouter {
    /// The built-in tools, in the order in which they run.
    package let tools: [any Tool]

    /// - Parameter clock: whose time is told.
    package init(clock: any EngineClock) {
        tools = [CurrentTimeTool(clock: clock), CalculatorTool()]
    }

    /// Asks for the present time. Compared without spaces, which Korean uses freely.
    private static let timePhrases = PhraseFinder([
        "몇시야", "몇시예요", "몇시에요", "몇시인", "몇시죠", "몇시지", "몇시?", "몇시입니까", "지금몇시", "현재시각", "현재시간", "지금시각", "지금시간",
        "오늘날짜", "오늘며칠", "오늘이며칠", "오늘몇일", "오늘은며칠", "무슨요일", "오늘요일", "몇월며칠",
        "whattimeisit", "whatisthetime", "what'sthetime", "currenttime", "thetimenow", "timerightnow",
        "today'sdate", "currentdate", "whatdateis", "whatisthedate", "what'sthedate", "whatdayisit", "whatdayistoday",
        "dayoftheweekisit",
    ])

    /// Contain a phrase above and ask for something else: how many hours.
    private static let otherPhrases = PhraseFinder(["몇시간"])

    package func route(_ question: String) async throws -> [ToolCall] {
        let question = String(question.unicodeScalars.prefix(ArithmeticFinder.scalarsMax)).lowercased()
        var calls: [ToolCall] = []
        if Self.asksForTime(question) {
            calls.append(ToolCall(id: "call-\(calls.count + 1)", name: "current_time", arguments: "{}"))
        }
        if let expression = ArithmeticFinder(question: question).find() {
            calls.append(
                ToolCall(
                    id: "call-\(calls.count + 1)", name: "calculator",
                    arguments: CalculatorTool.arguments(for: expression)))
        }
        return calls
    }

    private static func asksForTime(_ question: String) -> Bool {
        var bytes = QuestionBytes.compact(question)
        otherPhrases.blank(in: &bytes)
        return timePhrases.isFound(in: bytes)
    }
}
