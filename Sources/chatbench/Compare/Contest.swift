// What is compared with what: works, servers, loads, pairs and their goals. Data, and which part of it was asked for.

/// A peer of chatd: a folder beside the others that can build, serve and make load.
enum Peer: String, CaseIterable, Sendable {
    case bare, grpc, ttrpc, seed
    case redisBenchmark = "redis-benchmark"
    case pythonRedisLock = "python-redis-lock"

    /// As the table calls its server.
    var title: String {
        switch self {
        case .bare: "bare C"
        case .grpc: "gRPC C++"
        case .ttrpc: "ttrpc Go"
        case .seed: "FastAPI + LangChain"
        case .redisBenchmark, .pythonRedisLock: rawValue
        }
    }
}

/// Where a chatd under load keeps its sessions.
enum ComparedStore: String, CaseIterable, Sendable {
    case memory, sqlite, redis
}

/// One kind of load, the same for every server that can bear it.
enum ComparedWork: String, CaseIterable, Sendable {
    case echo16x16 = "echo-16x16"
    case echo16x1 = "echo-16x1"
    case echo1x1 = "echo-1x1"
    case chat, stream
    case chat16x16 = "chat-16x16"
    case stream16x16 = "stream-16x16"
    case lock16x16 = "lock-16x16"

    var connections: Int { self == .echo1x1 ? 1 : 16 }
    var inFlight: Int { rawValue.hasSuffix("16x16") ? 16 : 1 }

    /// The verb of the load tools.
    var verb: String {
        switch self {
        case .echo16x16, .echo16x1, .echo1x1: "echo"
        case .chat, .chat16x16: "chat"
        case .stream, .stream16x16: "stream"
        case .lock16x16: "lock"
        }
    }

    var isEcho: Bool { verb == "echo" }

    /// Tokens of every answer of the model.
    static let tokens = 50

    var title: String {
        let shape = "\(connections)x\(inFlight)"
        return switch self {
        case .echo16x16, .echo16x1, .echo1x1: "echo \(shape)"
        case .chat, .chat16x16: "turn \(shape)"
        case .stream, .stream16x16: "stream \(shape)"
        case .lock16x16: "lock \(shape)"
        }
    }
}

/// A server under a load tool.
struct Contestant: Hashable, Sendable {
    enum Server: Hashable, Sendable {
        case chatd(ComparedStore)
        case peer(Peer)
    }
    enum Load: Hashable, Sendable {
        case chatbench
        case peer(Peer)
    }
    let server: Server
    let load: Load

    /// As the table calls it.
    var title: String {
        switch (server, load) {
        case (.peer(let peer), _): peer.title
        case (.chatd(let store), .chatbench): "chatd, \(store.rawValue):"
        case (.chatd, .peer(.bare)): "chatd, bare C's load"
        case (.chatd, .peer(let peer)): "chatd, \(peer.title)'s client"
        }
    }

    /// As a cell of the table calls it, where the work says the rest.
    var shortTitle: String {
        switch (server, load) {
        case (.peer(.seed), _): "FastAPI"
        case (.peer(.grpc), _): "gRPC"
        case (.peer(.redisBenchmark), _): "scripts"
        case (.peer(.pythonRedisLock), _): "Python"
        case (.peer(let peer), _): peer.title
        case (.chatd(let store), .chatbench): "`\(store.rawValue):`"
        case (.chatd, .peer(.bare)): "by C"
        case (.chatd, .peer(.ttrpc)): "by Go"
        case (.chatd, .peer(let peer)): "\(peer.title)'s client"
        }
    }

    /// The peers that must be built for it.
    var peers: Set<Peer> {
        var peers: Set<Peer> = []
        if case .peer(let peer) = server { peers.insert(peer) }
        if case .peer(let peer) = load { peers.insert(peer) }
        return peers
    }
}

/// What a ratio should come to.
struct Goal: Sendable, Equatable {
    enum Bound: Sendable, Equatable {
        case atLeast(Double)
        case atMost(Double)
    }
    let figure: Figure
    let bound: Bound

    func isMet(by value: Double) -> Bool {
        switch bound {
        case .atLeast(let limit): value >= limit
        case .atMost(let limit): value <= limit
        }
    }

    var text: String {
        let name = figure == .serverCPUMicrosecondsPerCall ? "CPU" : figure.title
        return "\(name) \(boundText.prefix(2)) \(boundText.dropFirst(2)) x"
    }

    /// Without the figure's name.
    var boundText: String {
        switch bound {
        case .atLeast(let limit): ">=\(Self.plain(limit))"
        case .atMost(let limit): "<=\(Self.plain(limit))"
        }
    }

    private static func plain(_ number: Double) -> String {
        number == number.rounded() ? Decimal.text(number, digits: 0) : Decimal.text(number, digits: 2)
    }
}

/// Two contestants of one work, and how many times the one is the other.
struct Pair: Sendable, Equatable {
    let ours: Contestant
    let theirs: Contestant
    var goals: [Goal] = []

    var title: String { "\(ours.title) / \(theirs.title)" }
}

/// The contestants of one work, in the table's order, and the pairs made of them.
struct Contest: Sendable, Equatable {
    let work: ComparedWork
    var contestants: [Contestant] = []
    var pairs: [Pair] = []

    /// The contest of a work among these peers.
    init(_ work: ComparedWork, peers: Set<Peer>) {
        self.work = work
        switch work.verb {
        case "echo": addEcho(peers)
        case "lock": addLocks(peers)
        default: addTurns(peers)
        }
    }

    /// Every second call acquires a lock, the next one gives it back.
    private mutating func addLocks(_ peers: Set<Peer>) {
        contestants.append(Contestant(server: .chatd(.memory), load: .chatbench))
        let ours = Contestant(server: .chatd(.redis), load: .chatbench)
        contestants.append(ours)
        // The same two scripts with nothing between the load and Redis, and what Python programs use.
        let goals: [(Peer, [Goal])] = [
            (.redisBenchmark, [Goal(figure: .callsPerSecond, bound: .atLeast(0.6))]), (.pythonRedisLock, []),
        ]
        for (peer, goals) in goals where peers.contains(peer) {
            let theirs = Contestant(server: .peer(peer), load: .peer(peer))
            contestants.append(theirs)
            pairs.append(Pair(ours: ours, theirs: theirs, goals: goals))
        }
    }

    private mutating func addEcho(_ peers: Set<Peer>) {
        contestants.append(Contestant(server: .chatd(.memory), load: .chatbench))
        // bare's load is a client that costs next to nothing; gRPC's, in C++ too, is compared with it.
        if peers.contains(.bare) { add(.bare, clientOnChatd: .bare, goals: [(.callsPerSecond, .atLeast(0.3))]) }
        if peers.contains(.grpc) {
            let goals: [(Figure, Goal.Bound)] =
                work == .echo1x1
                ? [(.p50Microseconds, .atMost(0.4))]
                : [(.callsPerSecond, .atLeast(12)), (.serverCPUMicrosecondsPerCall, .atMost(0.15))]
            add(.grpc, clientOnChatd: .bare, goals: goals)
        }
        if peers.contains(.ttrpc) {
            add(.ttrpc, clientOnChatd: .ttrpc, goals: [(.serverCPUMicrosecondsPerCall, .atMost(0.3))])
        }
    }

    /// - Parameter goals: of the ratio; but for the two of one call at a time, they are of 16 x 16.
    private mutating func add(_ peer: Peer, clientOnChatd client: Peer, goals: [(Figure, Goal.Bound)]) {
        let ours = Contestant(server: .chatd(.memory), load: .peer(client))
        let theirs = Contestant(server: .peer(peer), load: .peer(peer))
        for contestant in [ours, theirs] where !contestants.contains(contestant) { contestants.append(contestant) }
        let isJudged = work == .echo16x16 || goals.contains { $0.0 == .p50Microseconds }
        pairs.append(
            Pair(
                ours: ours, theirs: theirs,
                goals: isJudged ? goals.map { Goal(figure: $0.0, bound: $0.1) } : []))
    }

    private mutating func addTurns(_ peers: Set<Peer>) {
        let goal =
            work.verb == "chat"
            ? Goal(figure: .callsPerSecond, bound: .atLeast(100))
            : Goal(figure: .tokensPerSecond, bound: .atLeast(150))
        let seed = Contestant(server: .peer(.seed), load: .peer(.seed))
        // Many at once are asked of the store that many servers share.
        for store in work.inFlight == 1 ? ComparedStore.allCases : [.redis] {
            let ours = Contestant(server: .chatd(store), load: .chatbench)
            contestants.append(ours)
            if peers.contains(.seed) {
                pairs.append(Pair(ours: ours, theirs: seed, goals: work.inFlight == 1 ? [goal] : []))
            }
        }
        if peers.contains(.seed) { contestants.append(seed) }
    }
}

/// The part of everything that was asked for.
struct Selection: Sendable, Equatable {
    /// What is measured beside the contests.
    enum Extra: String, CaseIterable, Sendable {
        case memory
        case tokenLatency = "token-latency"
    }
    private(set) var contests: [Contest] = []
    private(set) var extras: Set<Extra> = []

    /// A name that means nothing.
    struct UnknownName: Error, Equatable {
        let name: String
    }

    /// Every name, for the help.
    static var names: [String] {
        ["echo"] + ComparedWork.allCases.map(\.rawValue) + Peer.allCases.map(\.rawValue)
            + Extra.allCases.map(\.rawValue)
    }

    /// - Parameter names: works, peers and extras. Works alone are measured beside every peer, peers alone in every
    ///   work; nothing at all means everything.
    init(_ names: [String]) throws(UnknownName) {
        var works: Set<ComparedWork> = []
        var peers: Set<Peer> = []
        for name in names {
            if name == "echo" {
                works.formUnion(ComparedWork.allCases.filter(\.isEcho))
            } else if let work = ComparedWork(rawValue: name) {
                works.insert(work)
            } else if let peer = Peer(rawValue: name) {
                peers.insert(peer)
            } else if let extra = Extra(rawValue: name) {
                extras.insert(extra)
            } else {
                throw UnknownName(name: name)
            }
        }
        if names.isEmpty { extras = Set(Extra.allCases) }
        guard names.isEmpty || !works.isEmpty || !peers.isEmpty else { return }
        let wantedPeers = peers.isEmpty ? Set(Peer.allCases) : peers
        // One call on each of many connections lies between the other two echoes: on request.
        if works.isEmpty { works = Set(ComparedWork.allCases).subtracting([.echo16x1]) }
        for work in ComparedWork.allCases where works.contains(work) {
            let contest = Contest(work, peers: wantedPeers)
            // A work that none of the peers asked for can do is not what was meant.
            if peers.isEmpty || !contest.pairs.isEmpty { contests.append(contest) }
        }
    }

    /// The peers to build.
    var peers: Set<Peer> { contests.reduce(into: []) { $0.formUnion($1.peers) } }

    /// The stores of the chatd that are started.
    var needsRedis: Bool {
        contests.contains { contest in
            contest.contestants.contains { $0.server == .chatd(.redis) || $0.server == .peer(.seed) }
        }
    }
}

extension Contest {
    fileprivate var peers: Set<Peer> { contestants.reduce(into: []) { $0.formUnion($1.peers) } }
}
