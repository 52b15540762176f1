// The options that every verb has: which server, how long to wait, how to print. They may stand before or after the
// verb.

internal import ArgumentParser
internal import ChatClient
internal import Glibc

/// Where to connect and how to print.
struct ConnectionOptions: ParsableArguments {
    static let serverVariable = "CHATCTL_SERVER"

    @Option(
        help: ArgumentHelp(
            "The server, or several, tried in this order. Also read from \(serverVariable). "
                + "(default: \(defaultServer))",
            valueName: "host:port,..."))
    var server: String?

    @Option(help: ArgumentHelp("The longest time for the whole call, such as 500ms, 30s or 5m.", valueName: "time"))
    var timeout: TimeSpan?

    @Flag(help: "Print one JSON object a line.")
    var json = false

    private static let defaultServer = "127.0.0.1:\(ChatClient.defaultPort)"

    /// The addresses from the flag, the variable, or the default, in this order.
    var addresses: [String] {
        let variable = getenv(Self.serverVariable).map { String(cString: $0) }
        let text = [server, variable].compactMap { $0 }.first { !$0.isEmpty } ?? Self.defaultServer
        return text.split(separator: ",", omittingEmptySubsequences: true).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    var clientOptions: ChatClientOptions {
        var options = ChatClientOptions()
        guard let timeout else { return options }
        options.connectTimeout = min(options.connectTimeout, timeout.duration)
        options.callTimeout = timeout.duration
        options.chatTimeout = timeout.duration
        return options
    }
}
