// The client's pure parts as transcripts: streams, keep-alive, the order of addresses, pauses, retries, the read gate.

import IOLoop
import Testing
import Wire

@testable import RPC

@Suite("Client: states")
struct ClientStateTests {
    private func id(_ number: UInt32) -> StreamID { StreamID(rawValue: number) }

    private func header(_ type: FrameType, _ number: UInt32, length: Int = 0, flags: FrameFlags = []) -> FrameHeader {
        FrameHeader(length: length, streamID: id(number), type: type, flags: flags)
    }

    // MARK: Streams

    @Test("tells what each frame means for the calls in flight")
    func streams() {
        var streams = ClientStreams<String>()
        #expect(streams.begin(.unary, "a") == id(1))
        #expect(streams.begin(.serverStream, "b") == id(3))
        #expect(streams.begin(.unary, "c") == id(5))
        #expect("\(streams.received(header(.data, 3, length: 2)))" == #"message("b", isLast: false)"#)
        #expect("\(streams.received(header(.data, 3)))" == #"message("b", isLast: false)"#)
        #expect("\(streams.received(header(.data, 3, flags: .noData)))" == "ignored")
        #expect("\(streams.received(header(.response, 5)))" == #"response("c")"#)
        #expect("\(streams.received(header(.response, 5)))" == "ignored")
        #expect("\(streams.received(header(.data, 3, flags: .streamEnd)))" == #"end("b")"#)
        #expect("\(streams.received(header(.data, 3, length: 1)))" == "ignored")
        #expect("\(streams.received(header(.data, 1)))".hasPrefix(#"violation(1, "a""#))
        #expect(streams.isEmpty && streams.unaryCount == 0)
        #expect("\(streams.received(header(.ping, StreamID.connection.rawValue)))" == "ping")
        #expect("\(streams.received(header(.pong, StreamID.connection.rawValue)))" == "pong")
        #expect("\(streams.received(header(.ping, 7)))" == "ignored")
        #expect("\(streams.received(header(FrameType(rawValue: 0x42), 7)))" == "ignored")
    }

    @Test("takes no calls after DRAIN, and lets those in flight end")
    func draining() {
        var streams = ClientStreams<String>()
        #expect(streams.begin(.serverStream, "a") == id(1))
        #expect("\(streams.received(header(.drain, StreamID.connection.rawValue)))" == "drain")
        #expect(streams.begin(.unary, "b") == nil)
        #expect(
            "\(streams.received(header(.data, 1, length: 1, flags: .remoteClosed)))" == #"message("a", isLast: true)"#)
        #expect(streams.isEmpty)
    }

    @Test("gives all calls back in order when the connection ends")
    func removingAll() {
        var streams = ClientStreams<Int>()
        for number in 0..<10 { _ = streams.begin(.unary, number) }
        #expect(streams.remove(id(5)) == 2)
        #expect(streams.removeAll() == [0, 1, 3, 4, 5, 6, 7, 8, 9])
        #expect(streams.unaryCount == 0 && streams.isClosedForCalls)
    }

    // MARK: Keep-alive

    @Test("asks at every interval once the server has answered, and judges its silence")
    func keepAlive() {
        let start = ContinuousClock.now
        func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }
        var keepAlive = KeepAlive(interval: .seconds(20), timeout: .seconds(10), pingsWhenIdle: true, now: start)
        #expect(keepAlive.step(at: at(20), isIdle: false, isReadingPaused: false) == .wait(until: at(40)))
        let isFirst = keepAlive.ponged()
        let isSecondFirst = keepAlive.ponged()
        #expect(isFirst && !isSecondFirst)
        #expect(keepAlive.step(at: at(40), isIdle: true, isReadingPaused: false) == .ping(until: at(50)))
        keepAlive.heard()
        #expect(keepAlive.step(at: at(50), isIdle: true, isReadingPaused: false) == .wait(until: at(60)))
        #expect(keepAlive.step(at: at(60), isIdle: true, isReadingPaused: false) == .ping(until: at(70)))
        #expect(keepAlive.step(at: at(65), isIdle: true, isReadingPaused: true) == .wait(until: at(75)))
        #expect(keepAlive.step(at: at(75), isIdle: true, isReadingPaused: false) == .dead)
    }

    @Test("asks an idle connection only where that is wanted")
    func keepAliveIdle() {
        let start = ContinuousClock.now
        var keepAlive = KeepAlive(interval: .seconds(1), timeout: .seconds(1), pingsWhenIdle: false, now: start)
        _ = keepAlive.ponged()
        let first = start + .seconds(1)
        #expect(keepAlive.step(at: first, isIdle: true, isReadingPaused: false) == .wait(until: start + .seconds(2)))
        let second = start + .seconds(2)
        #expect(keepAlive.step(at: second, isIdle: false, isReadingPaused: false) == .ping(until: start + .seconds(3)))
    }

    // MARK: Addresses and pauses

    private let backOff = BackOff(minimum: .milliseconds(100), maximum: .seconds(1))

    @Test("pauses double up to the maximum, half of each drawn")
    func pauses() {
        var random = TestGenerator(seed: 1)
        for (failures, full) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (60, 1000)] {
            for _ in 0..<50 {
                let pause = backOff.pause(afterFailures: failures, random: &random)
                #expect(pause >= .milliseconds(full) / 2 && pause <= .milliseconds(full))
            }
        }
    }

    @Test("begins with the address after the one that was lost, and pauses only after nothing was heard")
    func plan() throws {
        var random = TestGenerator(seed: 1)
        let start = ContinuousClock.now
        let endpoints: [Endpoint] = [.host("a", port: 1), .host("b", port: 1), .host("c", port: 1)]
        let addresses = try (1...3).map { try #require(SocketAddress(numericHost: "127.0.0.\($0)", port: 1)) }
        var plan = ConnectPlan(endpoints: endpoints, backOff: backOff)
        #expect(plan.round() == endpoints)
        plan.heard(from: addresses[0])
        plan.lost(endpoints[0], addresses[0], wasHeard: true, at: start, random: &random)
        #expect(plan.round() == [endpoints[1], endpoints[2], endpoints[0]])
        #expect(plan.nextRoundAt == nil)
        #expect(plan.order(addresses, at: start) == [addresses[1], addresses[2], addresses[0]])
        #expect(plan.order(addresses, at: start + .seconds(2)) == addresses)
        plan.lost(endpoints[1], addresses[1], wasHeard: false, at: start, random: &random)
        let first = try #require(plan.nextRoundAt)
        #expect(first > start && first <= start + .milliseconds(100))
        plan.roundFailed(at: start, random: &random)
        let second = try #require(plan.nextRoundAt)
        #expect(second >= start + .milliseconds(100) && second <= start + .milliseconds(200))
        plan.heard(from: addresses[1])
        #expect(plan.nextRoundAt == nil)
    }

    // MARK: Retries

    @Test(
        "retries only what is safe",
        arguments: [
            (StatusCode.unavailable, "", FailedAttempt.Progress.written, false, false),
            (.unavailable, "", .written, true, true),
            (.unavailable, ErrorReason.connectionLost, .written, false, false),
            (.unavailable, ErrorReason.notProcessed, .written, false, true),
            (.unavailable, "", .notWritten, false, true),
            (.unavailable, ErrorReason.notConnected, .notConnected, false, true),
            (.resourceExhausted, "", .written, true, false),
            (.deadlineExceeded, "", .written, true, false),
            (.aborted, "SESSION_BUSY", .written, true, false),
            (.cancelled, ErrorReason.clientClosed, .notConnected, true, false),
        ])
    func retries(_ code: StatusCode, reason: String, progress: FailedAttempt.Progress, isSafe: Bool, expected: Bool) {
        let policy = RetryPolicy(attemptsMax: 3, retryAfterMax: .seconds(30), backOff: backOff)
        var random = TestGenerator(seed: 1)
        let failed = FailedAttempt(error: RPCError(code, "", reason: reason), progress: progress)
        func pause(attempts: Int, remaining: Duration?) -> Duration? {
            policy.pause(
                after: failed, attempts: attempts, isSafeToRetry: isSafe, remaining: remaining, random: &random)
        }
        #expect((pause(attempts: 1, remaining: nil) != nil) == expected)
        #expect((pause(attempts: 2, remaining: .seconds(9)) != nil) == expected)
        #expect(pause(attempts: 3, remaining: nil) == nil)
        #expect(pause(attempts: 1, remaining: .zero) == nil)
    }

    @Test("honours the server's pause up to a limit")
    func retryAfter() {
        let policy = RetryPolicy(attemptsMax: 3, retryAfterMax: .seconds(30), backOff: backOff)
        var random = TestGenerator(seed: 1)
        func pause(_ wanted: Duration) -> Duration? {
            let error = RPCError(.resourceExhausted, "", retryAfter: wanted)
            return policy.pause(
                after: FailedAttempt(error: error, progress: .written), attempts: 1, isSafeToRetry: true,
                remaining: .seconds(60), random: &random)
        }
        #expect(pause(.seconds(7)) == .seconds(7))
        #expect(pause(.seconds(31)) == nil)
    }

    // MARK: Read gate

    @Test("stops the socket for a full stream unless others wait, and for an overfull one in any case")
    func readGate() {
        var gate = ReadGate()
        #expect(!gate.isPaused(waiting: 0))
        gate.set(.full, of: id(1))
        #expect(gate.isPaused(waiting: 0))
        #expect(!gate.isPaused(waiting: 1))
        gate.set(.overfull, of: id(1))
        #expect(gate.isPaused(waiting: 1))
        #expect(gate.holdsUpOthers(waiting: 1) && !gate.holdsUpOthers(waiting: 0))
        #expect(gate.victims == [id(1)])
        gate.set(.withinLimit, of: id(1))
        #expect(gate.isQuiet && !gate.isPaused(waiting: 0))
    }
}
