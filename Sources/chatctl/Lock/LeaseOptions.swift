// The options of the verbs that take a lock.

internal import ArgumentParser
internal import ChatClient
internal import Glibc

struct LeaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long the lease lives without renewal.", valueName: "time"))
    var ttl: TimeSpan = "10s"

    @Option(help: ArgumentHelp("How long to wait in line.", valueName: "time"))
    var wait: TimeSpan = "0s"

    @Option(help: ArgumentHelp("Tells others who holds it. (default: host and process)", valueName: "text"))
    var label: String?

    /// The label as given, or one by which an operator finds the process.
    var ownerLabel: String {
        if let label { return label }
        // The longest name that Linux has, and its end.
        var name = [CChar](repeating: 0, count: 65)
        let code = gethostname(&name, name.count - 1)
        let host =
            code == 0 ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
        return "chatctl@\(host):\(getpid())"
    }
}

struct TokenOption: ParsableArguments {
    static let variable = "CHAT_LOCK_TOKEN"

    @Option(
        help: ArgumentHelp(
            "What `lock acquire` printed. Also read from \(variable), where other users do not see it.",
            valueName: "token"))
    var token: String?

    /// - Returns: nil when none is given.
    func read() throws -> LockToken? {
        guard let text = token ?? getenv(Self.variable).map({ String(cString: $0) }) else { return nil }
        guard let token = LockToken(text) else {
            throw ProgramFailure(.usage, "a token is 32 lower-case hexadecimal digits, as lock acquire prints it")
        }
        return token
    }

    func readRequired() throws -> LockToken {
        guard let token = try read() else {
            throw ProgramFailure(.usage, "name the lease with --token or \(Self.variable), as lock acquire printed it")
        }
        return token
    }
}
