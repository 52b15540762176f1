// One connection to Redis on its loop: commands go out in order, replies come back in order. Made by RedisClient and by
// whoever needs a connection of its own; used and ended on its loop only.

internal import DequeModule
internal import IOLoop

/// A pipelined connection. Each command's `done` is called exactly once, on the loop: with the reply, with an error
/// reply's meaning, or with what the end of the connection means for it.
final class RedisConnection: ByteStreamHandler {
    private struct Pending {
        /// Where the command begins among all bytes that were written.
        var start: Int
        var deadline: ContinuousClock.Instant
        var done: (Result<RedisReply, ErrorOrEnd>) -> Void
    }

    /// An error reply, or the end of the connection.
    enum ErrorOrEnd: Error {
        case error(ErrorReplyMeaning)
        case end(RedisFailure)
    }

    let loop: IOLoop
    private let stream: ByteStream
    private let isSealed: Bool
    private let reader = ReplyReader()
    private var pending: Deque<Pending> = []
    private var writtenBytes = 0
    private var timer: LoopTimer?
    /// Called once when the connection ends for any reason but `close()`, with words for an operator.
    var onEnd: ((String) -> Void)?
    /// What TLS could not go on for.
    private(set) var filterFailure: String?
    /// For a connection that subscribes: gets every reply, in place of the pipeline.
    var onPush: ((RedisReply) -> Void)?

    /// Takes over a connected stream.
    ///
    /// - Parameter isSealed: it has a filter.
    init(_ stream: ByteStream, isSealed: Bool) throws {
        self.isSealed = isSealed
        self.stream = stream
        self.loop = stream.loop
        do {
            try stream.start(self)
        } catch {
            stream.close()
            throw error
        }
    }

    var isOpen: Bool { stream.isOpen }

    // MARK: Commands

    /// Sends a command; it leaves at the end of the loop's pass, with all others of the pass.
    func send(
        _ command: RedisCommand, timeLimit: Duration = RedisLimits.commandTimeLimit,
        _ done: @escaping (Result<RedisReply, ErrorOrEnd>) -> Void
    ) {
        guard stream.isOpen else { return done(.failure(.end(.unavailable("the connection has ended")))) }
        guard pending.count < RedisLimits.pipelineCommandsMax, stream.queuedBytes < RedisLimits.pipelineBytesMax else {
            return done(.failure(.end(.overloaded)))
        }
        let deadline = loop.now + timeLimit
        pending.append(Pending(start: writtenBytes, deadline: deadline, done: done))
        write(command)
        if timer == nil { watch(until: deadline) }
    }

    /// Sends a command whose replies are pushed.
    func push(_ command: RedisCommand) {
        precondition(onPush != nil, "only a connection that subscribes is pushed to")
        write(command)
    }

    private func write(_ command: RedisCommand) {
        stream.write { output in
            let before = output.count
            command.write(into: &output)
            writtenBytes += output.count - before
        }
    }

    /// One timer for all: commands have nearly the same limits, and a time-out ends the connection, since nobody knows
    /// any more which reply is whose.
    private func watch(until deadline: ContinuousClock.Instant) {
        nonisolated(unsafe) let connection = self  // Timers of this loop run on this loop.
        timer = loop.schedule(at: deadline) { connection.checkDeadlines() }
    }

    private func checkDeadlines() {
        timer = nil
        guard let first = pending.first else { return }
        if first.deadline <= loop.now { return end("a command was not answered in time") }
        watch(until: first.deadline)
    }

    // MARK: ByteStreamHandler

    func received(_ bytes: Span<UInt8>) {
        do throws(ReplyFault) {
            try reader.feed(bytes)
            while isOpen, let reply = try reader.next() { take(reply) }
        } catch {
            end(error.words)
        }
    }

    private func take(_ reply: RedisReply) {
        if let onPush { return onPush(reply) }
        guard let first = pending.popFirst() else {
            // Redis speaks unasked when it refuses a connection: too many clients, for example.
            return end(
                reply.value.error.map { "Redis said \($0.prefix { $0 != " " })" } ?? "an answer nobody asked for")
        }
        if let words = reply.value.error {
            first.done(.failure(.error(ErrorReplyMeaning(words))))
        } else {
            first.done(.success(reply))
        }
    }

    func writable() {}

    func closed(_ reason: ByteStreamEnd) {
        if case .filterFailed(let words) = reason { filterFailure = words }
        finish(words: "\(Self.words(reason))")
    }

    private static func words(_ reason: ByteStreamEnd) -> String {
        switch reason {
        case .peerClosed: "Redis closed the connection"
        case .writeTimedOut: "Redis takes no bytes"
        case .failed(let error): "\(error)"
        case .filterFailed(let words): words
        case .truncated: "the connection ended without TLS's farewell"
        }
    }

    // MARK: Ending

    /// Ends the connection as broken.
    func end(_ words: String) {
        guard stream.isOpen else { return }
        stream.close()
        finish(words: words)
    }

    /// Ends the connection; `onEnd` is not called.
    func close() {
        onEnd = nil
        end("the connection was closed")
    }

    private func finish(words: String) {
        timer?.cancel()
        timer = nil
        let taken = stream.takenBytes
        while let command = pending.popFirst() {
            // A byte that the stream did not take was certainly not sent; but TLS seals many commands at once, and the
            // stream counts them when the last of their bytes has left.
            let wasSent = command.start < taken || isSealed && taken > 0
            command.done(.failure(.end(wasSent ? .unanswered : .unavailable(words))))
        }
        let onEnd = onEnd
        self.onEnd = nil
        onPush = nil
        onEnd?(words)
    }
}
