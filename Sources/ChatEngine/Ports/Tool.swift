// The ports to tools and to the decision which of them run. Implementations live in ChatTools.

/// Something that the service can do for an answer: look up the time, call a backend.
///
/// Used in two ways: today the router picks tools before the model is called, later the model asks for them itself.
/// Both make a `ToolCall`, so a tool does not know the difference.
public protocol Tool: Sendable {
    /// Name, purpose and arguments, for routers and models.
    var definition: ToolDefinition { get }

    /// Does the work, on the caller's actor, and ends with its task's cancellation.
    ///
    /// - Parameters:
    ///   - call: its `arguments` are a JSON object that may come from a model, so they are checked.
    ///   - deadline: when the result is of no use any more; the tool stops by itself before that.
    /// - Returns: text for the model. The engine cuts it at `EngineLimits.toolOutputBytesMax`.
    /// - Throws: `ToolError`, which the model is told instead of a result; `CancellationError`.
    func run(_ call: ToolCall, deadline: ContinuousClock.Instant) async throws -> String
}

/// A tool's failure, in words that a model and an operator may read. Holds no secrets.
public struct ToolError: Error, Sendable, Equatable {
    /// What went wrong and what would work, in one line.
    public var message: String
    /// True when the tool gave up because of its deadline.
    public var timedOut: Bool

    /// A failure to tell the model.
    public init(_ message: String, timedOut: Bool = false) {
        self.message = message
        self.timedOut = timedOut
    }
}

/// Decides which tools a question needs. They run before the model, and their results join the prompt's user message.
public protocol ToolRouter: Sendable {
    /// The tools it may pick, each with a name of its own.
    var tools: [any Tool] { get }

    /// The calls that the question needs, in the order in which they run; empty for none.
    ///
    /// - Throws: `EngineError`, which ends the turn; `CancellationError`.
    func route(_ question: String) async throws -> [ToolCall]
}

/// A router without tools.
public struct NoTools: ToolRouter {
    /// A router that never picks anything.
    public init() {}

    /// None.
    public var tools: [any Tool] { [] }

    /// Nothing, whatever the question.
    public func route(_ question: String) async throws -> [ToolCall] { [] }
}

/// How a tool's run ended.
public enum ToolStatus: String, Sendable, Hashable, CaseIterable {
    case succeeded
    case failed
    case timedOut
}

/// One run of a tool in a turn, as callers see it.
public struct ToolRun: Sendable, Hashable {
    /// The call's id, unique within its turn.
    public var id: String
    /// The tool's name.
    public var name: String
    /// The arguments as a JSON object.
    public var arguments: String
    /// What the model was told: what the tool said, cut at the limit, or that it failed.
    public var output: String
    /// True when the tool said more.
    public var outputTruncated: Bool
    /// What went wrong, in words; empty when it succeeded.
    public var errorMessage: String
    /// How it ended.
    public var status: ToolStatus
    /// From start to end.
    public var durationMicroseconds: Int64

    /// A finished run.
    public init(
        id: String, name: String, arguments: String, output: String, outputTruncated: Bool = false,
        errorMessage: String = "", status: ToolStatus, durationMicroseconds: Int64
    ) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.output = output
        self.outputTruncated = outputTruncated
        self.errorMessage = errorMessage
        self.status = status
        self.durationMicroseconds = durationMicroseconds
    }
}
