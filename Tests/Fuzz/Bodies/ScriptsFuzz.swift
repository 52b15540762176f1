// The file of a scripted model: a script that is read can be played, and a complaint is one line.

@testable import ChatEngine
@testable import LLMProviders

enum ScriptsFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let script: ModelScript
        do throws(ModelSetupError) {
            script = try ModelScript(parsing: Array(input))
        } catch {
            try require(isOneLine(error.message), "a complaint is one line: \(error.message)")
            return try require(error.message.count < 400, "a complaint is short: \(error.message)")
        }
        try require(!script.answers.isEmpty, "a script has an answer")
        let pauseMax = Duration.milliseconds(ModelScript.pauseMillisecondsMax)
        for answer in script.answers {
            try require((.zero...pauseMax).contains(answer.beforeFirst), "a pause that ends: \(answer.beforeFirst)")
            try require((.zero...pauseMax).contains(answer.interval), "a pause that ends: \(answer.interval)")
            for call in answer.toolCalls {
                try require(!call.name.isEmpty && call.arguments.hasPrefix("{"), "a call that can be made: \(call)")
            }
        }
    }
}
