// A message of a conversation, apart from how LangChain, the engine or the wire spell it. Read and written by this
// target; the Redis store and chatctl convert their own types to it.

/// One message.
package struct LangChainMessage: Sendable, Equatable {
    package enum Role: Sendable, Hashable, CaseIterable {
        case system
        case user
        case assistant
        case tool
    }

    /// What an assistant asked for. The arguments are a JSON object as text, or whatever the model wrote instead.
    package struct ToolCall: Sendable, Equatable {
        package var id: String
        package var name: String
        package var arguments: String

        package init(id: String, name: String, arguments: String) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }
    }

    package var role: Role
    package var text: String
    /// Empty when another program wrote the message.
    package var turnID = ""
    /// Since 1970; 0 when another program wrote the message.
    package var createdMicroseconds: Int64 = 0
    /// Empty when not known.
    package var model = ""
    /// Empty in other roles than the assistant's.
    package var toolCalls: [ToolCall] = []
    /// Empty in other roles than a tool's.
    package var toolCallID = ""

    package init(role: Role, text: String) {
        self.role = role
        self.text = text
    }
}

/// What is wrong with a message, and what to write instead. Holds nothing of what the message says.
package struct LangChainProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
