// What users ask, as the built-in tools read it on the way of every turn: any text at all is safe, and what counts as
// an expression is one.

@testable import ChatTools

enum QuestionsFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let question = String(decoding: input, as: UTF8.self)
        try compact(question)
        try evaluate(question)
        let lower = String(question.unicodeScalars.prefix(ArithmeticFinder.scalarsMax)).lowercased()
        guard let expression = ArithmeticFinder(question: lower).find() else { return }
        try require(Arithmetic.isExpression(expression), "what was found is an expression: \(expression)")
        try evaluate(expression)
        try require(
            CalculatorTool.arguments(for: expression).utf8.count <= 64 + 6 * Arithmetic.expressionBytesMax,
            "the arguments that are made are not longer than the ones that are read")
    }

    private static func evaluate(_ text: String) throws {
        let value: Double
        do throws(ArithmeticError) {
            value = try Arithmetic.evaluate(text)
        } catch {
            return try require(
                error.isSyntax || Arithmetic.isExpression(text), "an expression without a value is one: \(text)")
        }
        try require(value.isFinite, "a value is finite: \(text) = \(value)")
        let shown = Arithmetic.format(value)
        guard let read = Double(shown) else { throw BrokenProperty("a value is shown as a number: \(shown)") }
        try require(abs(read - value) <= abs(value) * 1e-11, "\(value) is shown as \(shown)")
    }

    private static func compact(_ question: String) throws {
        let bytes = QuestionBytes.compact(question)
        try require(String(validating: bytes, as: UTF8.self) != nil, "a compact question is UTF-8")
        try require(!bytes.contains { $0 == 0x20 || (0x09...0x0D).contains($0) }, "it holds no white space")
        try require(bytes.count <= question.utf8.count, "it is not longer than the question")
        var blanked = bytes
        PhraseFinder(["몇시간", "plus"]).blank(in: &blanked)
        try require(blanked.count == bytes.count, "blanking changes no length")
        try require(!PhraseFinder(["몇시간", "plus"]).isFound(in: blanked), "what was blanked is not found")
    }
}
