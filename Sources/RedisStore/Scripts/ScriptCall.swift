// A script with its keys and arguments, on its way to Redis.

/// One run of a script.
struct ScriptCall: Sendable {
    let script: RedisScript
    private let keys: [String]
    private var arguments: [Argument] = []

    private enum Argument: Sendable {
        case text(String)
        case bytes([UInt8])
    }

    /// - Parameter keys: as many as the script has, all of one slot.
    init(_ script: RedisScript, keys: [String]) {
        precondition(keys.count == script.keyCount, "\(script) takes \(script.keyCount) keys")
        self.script = script
        self.keys = keys
    }

    mutating func add(_ text: String) { arguments.append(.text(text)) }

    mutating func add(_ bytes: [UInt8]) { arguments.append(.bytes(bytes)) }

    mutating func add(_ number: some BinaryInteger) { arguments.append(.text(String(number))) }

    func byHash(_ hash: String) -> RedisCommand { command("EVALSHA", hash) }

    /// With the script's text, which the server keeps then.
    var whole: RedisCommand { command("EVAL", script.text) }

    private func command(_ name: StaticString, _ script: String) -> RedisCommand {
        var command = RedisCommand(name, script)
        command.add(keys.count)
        for key in keys { command.add(key) }
        for argument in arguments {
            switch argument {
            case .text(let text): command.add(text)
            case .bytes(let bytes): command.add(bytes)
            }
        }
        return command
    }
}
