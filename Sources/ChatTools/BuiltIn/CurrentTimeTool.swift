// The built-in tool that tells the time: models do not know it.

package import ChatEngine

/// Tells the present time in UTC.
package struct CurrentTimeTool: Tool {
    private let clock: any EngineClock

    /// - Parameter clock: whose time is told.
    package init(clock: any EngineClock) { self.clock = clock }

    package let definition = ToolDefinition(
        name: "current_time", summary: "Tells the current date, time and day of the week in UTC.",
        parametersSchema: #"{"type":"object","properties":{},"additionalProperties":false}"#)

    /// Needs no arguments, so it looks at none.
    package func run(_ call: ToolCall, deadline: ContinuousClock.Instant) async throws -> String {
        let time = CivilTime(microseconds: clock.wallMicroseconds)
        return "current time: \(time.iso8601) (UTC, \(time.weekdayName))"
    }
}
