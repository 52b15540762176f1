// The calculator's language: numbers, + - * / % ^, parentheses. A recursive descent parser that computes as it reads,
// bounded in length and depth, so that any text at all is safe to give to it. Pure.

/// What is wrong with an expression, in words for a model or a user.
struct ArithmeticError: Error, Equatable {
    let message: String
    /// False where the text is an expression, and has no value.
    var isSyntax = true
}

/// Computes expressions.
///
/// `%` after a value means a hundredth of it, before another value the remainder. `^` takes whole exponents. `×`,
/// `÷`, `−` and commas between digits are understood.
struct Arithmetic {
    /// Of an expression: longer ones are programs.
    static let expressionBytesMax = 256
    /// Of nested parentheses, signs and exponents: deeper than anyone writes by hand, and far from the stack's end.
    static let depthMax = 32
    /// Of an exponent: beyond it every base but 0 and 1 leaves the range of numbers soon.
    static let exponentMax = 1_024
    /// Of a result: what a double holds of a decimal number for certain, with some to spare for the steps between.
    static let significantDigits = 12

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var operationCount = 0

    private init(_ expression: String) {
        scalars = Array(expression.unicodeScalars)
    }

    /// The expression's value, finite.
    static func evaluate(_ expression: String) throws(ArithmeticError) -> Double {
        guard expression.utf8.count <= expressionBytesMax else {
            throw ArithmeticError(message: "the expression is longer than \(expressionBytesMax) bytes")
        }
        var parser = Arithmetic(expression)
        let value = try parser.sum()
        if let scalar = parser.peek() { throw ArithmeticError(message: "did not expect \"\(scalar)\"") }
        return value
    }

    /// True where the text is an expression with at least one operation, whether it has a value or not.
    static func isExpression(_ text: String) -> Bool {
        guard text.utf8.count <= expressionBytesMax else { return false }
        var parser = Arithmetic(text)
        do throws(ArithmeticError) {
            _ = try parser.sum()
            return parser.peek() == nil && parser.operationCount > 0
        } catch {
            return !error.isSyntax
        }
    }

    /// A value in decimal: whole numbers without a point, others with at most twelve significant digits.
    static func format(_ value: Double) -> String {
        let rounded = round(value)
        if rounded == rounded.rounded(), abs(rounded) < 1e15 { return String(Int64(rounded)) }
        return rounded.description
    }

    // MARK: Grammar

    private mutating func sum() throws(ArithmeticError) -> Double {
        var value = try product()
        while let scalar = peek() {
            switch scalar {
            case "+":
                operate()
                value += try product()
            case "-", "−", "–":
                operate()
                value -= try product()
            default: return value
            }
            try check(value)
        }
        return value
    }

    private mutating func product() throws(ArithmeticError) -> Double {
        var value = try factor()
        while let scalar = peek() {
            switch scalar {
            case "*", "×", "·":
                operate()
                value *= try factor()
            case "/", "÷":
                operate()
                value /= try divisor()
            case "%":
                operate()
                value.formTruncatingRemainder(dividingBy: try divisor())
            default: return value
            }
            try check(value)
        }
        return value
    }

    private mutating func divisor() throws(ArithmeticError) -> Double {
        let value = try factor()
        if value == 0 { throw ArithmeticError(message: "division by zero", isSyntax: false) }
        return value
    }

    /// A signed power. -2^2 is -4, as in mathematics.
    private mutating func factor() throws(ArithmeticError) -> Double {
        try enter()
        defer { depth -= 1 }
        switch peek() {
        case "-", "−", "–":
            advance()
            return -(try factor())
        case "+":
            advance()
            return try factor()
        default:
            let base = try percentage()
            guard peek() == "^" else { return base }
            operate()
            let value = try Self.power(base, try factor())
            try check(value)
            return value
        }
    }

    private mutating func percentage() throws(ArithmeticError) -> Double {
        var value = try operand()
        while peek() == "%", !startsOperand(after: position) {
            advance()
            value /= 100
        }
        return value
    }

    private mutating func operand() throws(ArithmeticError) -> Double {
        guard let scalar = peek() else { throw ArithmeticError(message: "the expression ends too soon") }
        if scalar == "(" {
            try enter()
            defer { depth -= 1 }
            advance()
            let value = try sum()
            guard peek() == ")" else { throw ArithmeticError(message: "a parenthesis is not closed") }
            advance()
            return value
        }
        guard Self.isDigit(scalar) || scalar == "." else {
            throw ArithmeticError(message: "did not expect \"\(scalar)\"")
        }
        return try number()
    }

    private mutating func number() throws(ArithmeticError) -> Double {
        var text = ""
        while position < scalars.count {
            let scalar = scalars[position]
            if Self.isDigit(scalar) || scalar == "." {
                text.unicodeScalars.append(scalar)
            } else if scalar != "," || !isDigit(at: position - 1) || !isDigit(at: position + 1) {
                break
            }
            position += 1
        }
        guard let value = Double(text), value.isFinite else {
            throw ArithmeticError(message: "\"\(text)\" is not a number")
        }
        return value
    }

    // MARK: Parts

    /// The next scalar that is not a space.
    private mutating func peek() -> Unicode.Scalar? {
        while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
        return position < scalars.count ? scalars[position] : nil
    }

    private mutating func advance() { position += 1 }

    private mutating func operate() {
        operationCount += 1
        position += 1
    }

    private mutating func enter() throws(ArithmeticError) {
        depth += 1
        if depth > Self.depthMax {
            throw ArithmeticError(message: "the expression is nested deeper than \(Self.depthMax) levels")
        }
    }

    private func check(_ value: Double) throws(ArithmeticError) {
        if !value.isFinite { throw ArithmeticError(message: "the result is too large", isSyntax: false) }
    }

    private func isDigit(at index: Int) -> Bool { scalars.indices.contains(index) && Self.isDigit(scalars[index]) }

    private func startsOperand(after index: Int) -> Bool {
        guard let next = scalars[(index + 1)...].first(where: { !$0.properties.isWhitespace }) else { return false }
        return Self.isDigit(next) || next == "(" || next == "."
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }

    private static func power(_ base: Double, _ exponent: Double) throws(ArithmeticError) -> Double {
        guard exponent == exponent.rounded(), abs(exponent) <= Double(exponentMax) else {
            throw ArithmeticError(
                message: "an exponent must be a whole number up to \(exponentMax)", isSyntax: false)
        }
        if base == 0, exponent < 0 { throw ArithmeticError(message: "division by zero", isSyntax: false) }
        var result = 1.0
        var square = base
        var remaining = Int(abs(exponent))
        while remaining > 0 {
            if remaining & 1 == 1 { result *= square }
            remaining >>= 1
            if remaining > 0 { square *= square }
        }
        return exponent < 0 ? 1 / result : result
    }

    private static func round(_ value: Double) -> Double {
        guard value != 0, abs(value) >= 1e-9, abs(value) < 1e15 else { return value }
        var scale = 1.0
        var magnitude = abs(value)
        while magnitude < 1 {
            magnitude *= 10
            scale *= 10
        }
        var digits = significantDigits
        while magnitude >= 10, digits > 1 {
            magnitude /= 10
            digits -= 1
        }
        for _ in 1..<digits { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        // Whole numbers need no rounding, and large ones would be changed by it.
        return value == value.rounded() ? value : rounded
    }
}
