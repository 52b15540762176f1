// The calculator's language, as tables, and its hostile inputs.

import ChatEngine
import Testing

@testable import ChatTools

@Suite("Calculator")
struct CalculatorTests {
    @Test(
        "computes",
        arguments: [
            ("1+2", "3"), ("1 + 2 * 3", "7"), ("(1+2)*3", "9"), ("10/4", "2.5"), ("10 - 4 - 3", "3"), ("2^10", "1024"),
            ("2^3^2", "512"), ("-2^2", "-4"), ("(-2)^2", "4"), ("2^-1", "0.5"), ("7 % 4", "3"), ("-7 % 4", "-3"),
            ("200 * 15%", "30"), ("50%", "0.5"), ("0.1 + 0.2", "0.3"), ("1/3", "0.333333333333"),
            ("1,234.5 * 2", "2469"),
            ("1,000,000 / 4", "250000"), ("3 × 4 ÷ 2", "6"), ("5 − 8", "-3"), ("--5", "5"), ("+5", "5"),
            (".5 + .5", "1"),
            ("123456789 * 1000", "123456789000"), ("0 * -1", "0"), ("2^1023 * 0", "0"), ("  1\t+\n1 ", "2"),
            ("99999999999999 + 1", "100000000000000"), ("1e3", nil), ("19.99 * 3", "59.97"), ("0^0", "1"),
            ("1/8", "0.125"), ("10000000000000000 * 10", "1e+17"),
        ] as [(String, String?)])
    func computes(expression: String, result: String?) {
        let value = try? Arithmetic.evaluate(expression)
        #expect(value.map { Arithmetic.format($0) } == result)
    }

    @Test(
        "refuses what is no expression, and says why",
        arguments: [
            ("", "ends too soon"), ("1 +", "ends too soon"), ("(1", "not closed"), ("1)", "did not expect \")\""),
            ("a", "did not expect \"a\""), ("1 2", "did not expect \"2\""), ("1..2", "not a number"),
            ("1/0", "division by zero"), ("1 % 0", "division by zero"), ("0^-1", "division by zero"),
            ("2^0.5", "whole number"), ("2^2000", "whole number"), ("9^1024", "too large"), ("2^1023*4", "too large"),
            ("import os", "did not expect"), ("1+🛠", "did not expect"),
        ])
    func refuses(expression: String, reason: String) {
        #expect {
            try Arithmetic.evaluate(expression)
        } throws: { error in
            (error as? ArithmeticError)?.message.contains(reason) == true
        }
    }

    @Test("is bounded in length and depth")
    func bounds() {
        #expect((try? Arithmetic.evaluate(String(repeating: "1+", count: 127) + "1")) == 128)
        #expect((try? Arithmetic.evaluate(String(repeating: "1+", count: 128) + "1")) == nil)
        for hostile in ["(", "-", "2^", "((1)+", "%", ","] {
            #expect((try? Arithmetic.evaluate(String(repeating: hostile, count: 100))) == nil)
            #expect((try? Arithmetic.evaluate(String(repeating: hostile, count: 100_000))) == nil)
        }
        let nested = String(repeating: "(", count: 12) + "1" + String(repeating: ")", count: 12)
        #expect((try? Arithmetic.evaluate(nested)) == 1)
    }

    @Test("any bytes at all end in a value or an error", arguments: UInt64(1)...50)
    func anyInput(seed: UInt64) {
        let alphabet = Array("0123456789.,+-*/%^()×÷ a가".unicodeScalars)
        var state = seed
        for _ in 0..<200 {
            var text = String.UnicodeScalarView()
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            if let value = try? Arithmetic.evaluate(String(text)) { #expect(value.isFinite) }
            _ = Arithmetic.isExpression(String(text))
            _ = ArithmeticFinder(question: String(text)).find()
        }
    }

    @Test("the tool takes its arguments as JSON, and fails in words")
    func tool() async throws {
        let tool = CalculatorTool()
        let deadline = ContinuousClock().now
        func run(_ arguments: String) async throws -> String {
            try await tool.run(ToolCall(id: "1", name: "calculator", arguments: arguments), deadline: deadline)
        }
        #expect(try await run(#"{"expression":"6 * 7"}"#) == "6 * 7 = 42")
        #expect(try await run(CalculatorTool.arguments(for: "1 + 1")) == "1 + 1 = 2")
        for bad in ["", "[]", "{}", #"{"expression":1}"#, #"{"expression":"1/0"}"#, "{\"expression\":\"\(bigText)\"}"] {
            await #expect(throws: ToolError.self) { try await run(bad) }
        }
    }

    private var bigText: String { String(repeating: "1+", count: 100_000) }
}
