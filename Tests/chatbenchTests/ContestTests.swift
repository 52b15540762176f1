// What is compared with what, and which part of it `--only` names.

import Testing

@testable import chatbench

@Suite("Contests")
struct ContestTests {
    @Test("everything is the default: each work beside every peer that can do it")
    func everything() throws {
        let all = try Selection([])
        #expect(all.contests.map(\.work) == ComparedWork.allCases.filter { $0 != .echo16x1 })
        #expect(all.extras == Set(Selection.Extra.allCases))
        #expect(all.peers == Set(Peer.allCases))
        #expect(all.needsRedis)
        #expect(
            all.contests[0].pairs.map(\.title) == [
                "chatd, bare C's load / bare C", "chatd, bare C's load / gRPC C++",
                "chatd, ttrpc Go's client / ttrpc Go",
            ])
        #expect(
            all.contests[2].pairs.map(\.title) == [
                "chatd, memory: / FastAPI + LangChain", "chatd, sqlite: / FastAPI + LangChain",
                "chatd, redis: / FastAPI + LangChain",
            ])
        #expect(
            all.contests.suffix(2).flatMap { $0.pairs.map(\.title) } == [
                "chatd, redis: / FastAPI + LangChain", "chatd, redis: / redis-benchmark",
                "chatd, redis: / python-redis-lock",
            ])
        for contest in all.contests {
            #expect(Set(contest.contestants).count == contest.contestants.count)
            for pair in contest.pairs {
                #expect(contest.contestants.contains(pair.ours))
                #expect(contest.contestants.contains(pair.theirs))
            }
        }
    }

    @Test("works are measured beside every peer, peers in every work that they can do")
    func parts() throws {
        let work = try Selection(["chat"])
        #expect(work.contests.map(\.work) == [.chat])
        #expect(work.peers == [.seed])
        #expect(work.extras.isEmpty)
        let peer = try Selection(["grpc"])
        #expect(peer.contests.map(\.work) == [.echo16x16, .echo1x1])
        // The client that it is compared with is bare's.
        #expect(peer.peers == [.grpc, .bare])
        #expect(!peer.needsRedis)
        let both = try Selection(["echo", "ttrpc", "memory"])
        #expect(both.contests.allSatisfy { $0.work.isEcho && $0.pairs.count == 1 })
        #expect(both.contests.count == 3)
        #expect(both.extras == [.memory])
        let extras = try Selection(["token-latency"])
        #expect(extras.contests.isEmpty)
        #expect(extras.peers.isEmpty)
    }

    @Test("a name that means nothing is refused")
    func unknown() {
        #expect(throws: Selection.UnknownName(name: "rust")) { _ = try Selection(["echo", "rust"]) }
        for name in Selection.names { #expect(throws: Never.self) { _ = try Selection([name]) } }
    }

    @Test("the goals are those of one shape, and are judged by their bound")
    func goals() throws {
        func goals(_ work: ComparedWork, _ peer: Peer) -> [String] {
            Contest(work, peers: [peer]).pairs.flatMap { $0.goals.map(\.text) }
        }
        #expect(goals(.echo16x16, .bare) == ["calls/s >= 0.30 x"])
        #expect(goals(.echo16x16, .grpc) == ["calls/s >= 12 x", "CPU <= 0.15 x"])
        #expect(goals(.echo16x16, .ttrpc) == ["CPU <= 0.30 x"])
        #expect(goals(.echo16x1, .grpc).isEmpty)
        #expect(goals(.echo1x1, .grpc) == ["p50 us <= 0.40 x"])
        #expect(goals(.echo1x1, .ttrpc).isEmpty)
        #expect(goals(.stream, .seed).first == "tokens/s >= 150 x")
        #expect(goals(.stream16x16, .seed).isEmpty)
        #expect(goals(.lock16x16, .redisBenchmark) == ["calls/s >= 0.60 x"])
        let least = Goal(figure: .callsPerSecond, bound: .atLeast(12))
        let most = Goal(figure: .p50Microseconds, bound: .atMost(0.4))
        #expect(
            [least.isMet(by: 12), least.isMet(by: 11.9), most.isMet(by: 0.4), most.isMet(by: 0.41)]
                == [true, false, true, false])
    }

    @Test("a load's line is read, whoever printed it, and anything else is not one")
    func lines() throws {
        let line = try #require(
            LoadLine(
                """
                {"calls_per_second":50.5,"tokens_per_second":0.0,"errors":2,"latency_us":{"p50":1.5,"p90":2,"p99":3,\
                "p999":4,"max":5},"server_cpu_us_per_call":null,"server_rss_bytes":2000000}

                """))
        #expect(line.errors == 2)
        #expect(
            line.figures == [
                .callsPerSecond: 50.5, .p50Microseconds: 1.5, .p99Microseconds: 3, .serverResidentBytes: 2_000_000,
            ])
        for text in ["", "nothing", "{}", #"{"calls_per_second":1}"#, #"{"errors":0,"calls_per_second":"1"}"#] {
            #expect(LoadLine(text) == nil, "\(text)")
        }
        let stamped = try #require(
            LoadLine(
                #"{"calls_per_second":1,"errors":0,"token_latency_us":{"p50":10,"p99":20.5},"unbegun_calls":3}"#))
        #expect(stamped.tokenP50Microseconds == 10)
        #expect(stamped.tokenP99Microseconds == 20.5)
        #expect(stamped.unbegunCalls == 3)
    }

    @Test("a server's address is read from its first whole line that names one")
    func addresses() {
        #expect(Workshop.address(in: "listening on 127.0.0.1:80") == nil)
        #expect(Workshop.address(in: "listening on 127.0.0.1:80\n") == "127.0.0.1:80")
        #expect(Workshop.address(in: "hello\nchatd listening on 127.0.0.1:7420 now\nmore\n") == "127.0.0.1:7420")
        #expect(Workshop.address(in: "hello\n") == nil)
    }

    @Test("idle memory is told by connection and by stream")
    func idle() throws {
        let report = IdleReport(
            idleBytes: 20_000_000, connections: 100, connectionsBytes: 20_800_000, streams: 10, streamsBytes: 21_000_000
        )
        let line = try #require(IdleLine(report.json))
        #expect((line.idleBytes, line.bytesPerConnection, line.bytesPerStream) == (20_000_000, 8000, 20_000))
        #expect(report.text.contains("100: RSS 20.8 MB, 8.00 KB each"))
        let none = IdleReport(
            idleBytes: 1, connections: 1, connectionsBytes: 1, streams: 0, streamsBytes: nil)
        #expect(try #require(IdleLine(none.json)).bytesPerStream == nil)
    }
}
