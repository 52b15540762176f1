// The built-in tool that computes: models guess at arithmetic.

package import ChatEngine
internal import JSON

/// Computes an arithmetic expression.
package struct CalculatorTool: Tool {
    /// A calculator has nothing to configure.
    package init() {}

    package let definition = ToolDefinition(
        name: "calculator",
        summary: "Computes an arithmetic expression with + - * / % ^ and parentheses, such as (12.5 + 3) * 4.",
        parametersSchema:
            #"{"type":"object","properties":{"expression":{"type":"string"}},"required":["expression"],"#
            + #""additionalProperties":false}"#)

    /// - Throws: `ToolError` that says what is wrong with the expression.
    package func run(_ call: ToolCall, deadline: ContinuousClock.Instant) async throws -> String {
        guard let expression = Self.expression(in: call.arguments) else {
            throw ToolError(#"the arguments must be an object with the text "expression""#)
        }
        do throws(ArithmeticError) {
            let value = try Arithmetic.evaluate(expression)
            return "\(expression) = \(Arithmetic.format(value))"
        } catch {
            throw ToolError("cannot compute this expression: \(error.message)")
        }
    }

    /// The arguments of a call that computes this expression.
    static func arguments(for expression: String) -> String {
        var writer = JSONWriter()
        writer.object { object in
            object.key("expression")
            object.string(expression)
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private static func expression(in arguments: String) -> String? {
        // An object around the longest expression, escaped as wastefully as JSON allows.
        let limits = JSONLimits(bytesMax: 64 + 6 * Arithmetic.expressionBytesMax, depthMax: 4, valuesMax: 16)
        guard let value = try? JSONValue(parsing: arguments, limits: limits) else { return nil }
        return value["expression"]?.string
    }
}
