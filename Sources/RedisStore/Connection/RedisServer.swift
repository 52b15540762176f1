// What a connection begins with: who we are, which database, and which server this is.

internal import IOLoop

/// A Redis server, as it described itself when a connection to it began.
package struct RedisServer: Sendable, Equatable {
    package var isMaster = false
    /// Such as `7.0.15`.
    package var version = ""
    /// What it does when its memory is full; anything but `noeviction` loses data.
    package var maxmemoryPolicy = ""
    /// Another one after every restart, and on every server.
    private var runID = ""
    private var replicationID = ""
    private var formerReplicationID = ""

    /// The answer to `INFO`.
    init(info: String) {
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = String(line[line.index(after: colon)...])
            switch line[..<colon] {
            case "role": isMaster = value == "master"
            case "redis_version": version = value
            case "maxmemory_policy": maxmemoryPolicy = value
            case "run_id": runID = value
            case "master_replid": replicationID = value
            case "master_replid2": formerReplicationID = value
            default: break
            }
        }
    }

    /// The sections that tell it.
    static let information = RedisCommand("INFO", "server", "memory", "replication")

    /// Changes with every restart, with another server, and when a server becomes a master: what was told before may be
    /// forgotten. A server that was never promoted has no former id, and one that forgets it lost nothing.
    package var identity: String {
        formerReplicationID.allSatisfy { $0 == "0" } ? runID : "\(runID):\(replicationID)"
    }

    /// True where nothing was forgotten since it had that identity: it is the same, or forgot that it was promoted, as
    /// a master does that has had no replica for an hour.
    func continues(_ former: String) -> Bool { former == identity || former.hasPrefix(identity + ":") }

    /// Valkey counts on from 7.2 and tells this number as Redis's, too.
    var isNewEnough: Bool { (version.split(separator: ".").first.flatMap { Int($0) } ?? 0) >= 7 }
}

/// Why a server is not taken.
struct HandshakeFailure: Error, Equatable {
    var words: String
    /// True when it will not pass by itself: a wrong password, a missing right.
    var isPermanent = false
}

extension RedisConnection {
    /// Sends a command and waits for its reply. Ends with its task's cancellation; the reply is dropped then.
    func ask(
        _ command: RedisCommand, timeLimit: Duration = RedisLimits.connectTimeLimit
    ) async throws -> Result<RedisReply, ErrorOrEnd> {
        try await wait(on: loop) { (waiter: Waiter<Result<RedisReply, ErrorOrEnd>>) in
            send(command, timeLimit: timeLimit) { waiter.resume(returning: $0) }
        }
    }

    /// Authenticates and chooses the database. In one flight; Redis answers in order.
    func introduce(_ address: RedisAddress, name: String) async throws {
        var commands: [RedisCommand] = []
        if let password = address.password {
            commands.append(address.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
        }
        if address.database != 0 { commands.append(RedisCommand("SELECT", String(address.database))) }
        commands.append(RedisCommand("CLIENT", "SETNAME", name))
        for command in commands { try Self.check(try await ask(command)) }
    }

    /// Which server this is.
    func describeServer() async throws -> RedisServer {
        let server = RedisServer(info: try Self.check(try await ask(RedisServer.information)).value.text ?? "")
        guard !server.identity.isEmpty else { throw HandshakeFailure(words: "Redis does not say who it is (INFO)") }
        return server
    }

    /// The reply, or the handshake's failure.
    @discardableResult
    static func check(_ result: Result<RedisReply, ErrorOrEnd>) throws(HandshakeFailure) -> RedisReply {
        switch result {
        case .success(let reply): return reply
        case .failure(.end(let failure)):
            if case .unavailable(let words) = failure { throw HandshakeFailure(words: words) }
            throw HandshakeFailure(words: "Redis did not answer in time")
        case .failure(.error(let meaning)):
            switch meaning {
            case .wrongServer(let words), .later(let words): throw HandshakeFailure(words: words)
            case .outOfMemory: throw HandshakeFailure(words: "Redis has no memory left")
            case .scriptMissing: throw HandshakeFailure(words: "Redis forgot a script")
            case .refused(let code):
                throw HandshakeFailure(words: Self.words(refusal: code), isPermanent: true)
            }
        }
    }

    private static func words(refusal code: String) -> String {
        switch code {
        case "WRONGPASS": "Redis refuses the user or the password"
        case "NOAUTH": "Redis wants a password, and the URL has none"
        case "NOPERM": "Redis does not let this user do what chatd needs; see the operator's guide for its rights"
        default: "Redis refused the connection with \(code)"
        }
    }
}
