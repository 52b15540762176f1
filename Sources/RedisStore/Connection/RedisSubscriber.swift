// Messages from Redis, or from a sentinel: one connection of this process that listens to the channels that somebody
// here wants. Asked for from any thread; the connection lives on one loop.

internal import ChatEngine
internal import IOLoop
internal import Synchronization

/// Listens for others. Messages may be lost with a connection, so listeners are told when one begins anew.
final class RedisSubscriber: @unchecked Sendable {
    // Because what is below "loop only" is touched on the loop alone; the listeners have their own lock.

    /// Who listens; one listener has one entry in a channel.
    enum Listener: Hashable, Sendable {
        case line(LockKey)
        case keeper(ObjectIdentifier)
        /// Whoever wants to know where the master went.
        case masterWatch
    }

    /// Gets each message, and nil when the channel was begun to listen to (again): there may have been others before.
    typealias Handler = @Sendable (String?) -> Void

    private let loop: IOLoop
    private let open: @Sendable () async throws -> RedisConnection
    private let listeners = Mutex<[String: [Listener: Handler]]>([:])

    // MARK: Loop only

    private var connection: RedisConnection?
    /// True for those that Redis has confirmed.
    private var channels: [String: Bool] = [:]
    private var isConnecting = false
    private var isClosed = false
    private var timer: LoopTimer?
    private var failures = 0
    private var hasAnswered = true

    /// A quiet connection is asked whether it lives that often.
    private static let pingInterval = Duration.seconds(3)

    /// - Parameter open: makes a connection on the loop that is introduced already.
    init(on loop: IOLoop, _ open: @escaping @Sendable () async throws -> RedisConnection) {
        self.loop = loop
        self.open = open
    }

    // MARK: Any thread

    func subscribe(_ channel: String, as listener: Listener, _ handler: @escaping Handler) {
        listeners.withLock { $0[channel, default: [:]][listener] = handler }
        onLoop { subscriber in
            if subscriber.channels[channel] == true { handler(nil) }
            subscriber.reconcile(channel)
        }
    }

    func unsubscribe(_ channel: String, as listener: Listener) {
        let isLast = listeners.withLock { listeners in
            listeners[channel]?[listener] = nil
            guard listeners[channel]?.isEmpty == true else { return false }
            listeners[channel] = nil
            return true
        }
        if isLast { onLoop { $0.reconcile(channel) } }
    }

    func close() {
        onLoop { subscriber in
            subscriber.isClosed = true
            subscriber.timer?.cancel()
            subscriber.connection?.close()
            subscriber.connection = nil
        }
    }

    /// How many channels somebody listens to.
    var channelCount: Int { listeners.withLock { $0.count } }

    private func onLoop(_ body: @escaping @Sendable (RedisSubscriber) -> Void) {
        if loop.isCurrent { body(self) } else { loop.execute { body(self) } }
    }

    private func handlers(_ channel: String) -> [Handler] {
        listeners.withLock { $0[channel].map { Array($0.values) } ?? [] }
    }

    // MARK: Loop only

    /// Makes what Redis was asked for agree with what is wanted.
    private func reconcile(_ channel: String) {
        guard !isClosed else { return }
        let isWanted = listeners.withLock { $0[channel] != nil }
        guard let connection else {
            if isWanted { connect() }
            return
        }
        if isWanted, channels[channel] == nil {
            channels[channel] = false
            connection.push(RedisCommand("SUBSCRIBE", channel))
        } else if !isWanted, channels.removeValue(forKey: channel) != nil {
            connection.push(RedisCommand("UNSUBSCRIBE", channel))
        }
    }

    private func connect() {
        guard connection == nil, !isConnecting, !isClosed else { return }
        isConnecting = true
        timer?.cancel()
        timer = nil
        let actor = LoopActor(loop)
        // Nobody owns this: listeners come and go.
        Task { try? await actor.run { _ in await self.tryOnce() } }
    }

    private func tryOnce() async {
        defer { isConnecting = false }
        do {
            let connection = try await open()
            guard !isClosed, connection.isOpen else {
                connection.close()
                return again()
            }
            begin(connection)
        } catch {
            again()
        }
    }

    private func begin(_ connection: RedisConnection) {
        self.connection = connection
        channels = [:]
        failures = 0
        hasAnswered = true
        connection.onPush = { [weak self] in self?.received($0) }
        connection.onEnd = { [weak self] _ in
            self?.connection = nil
            self?.channels = [:]
            self?.again()
        }
        for channel in listeners.withLock({ Array($0.keys) }) { reconcile(channel) }
        watch()
    }

    /// Connects anew, after a pause that grows.
    private func again() {
        guard !isClosed, listeners.withLock({ !$0.isEmpty }) else { return }
        failures += 1
        let pause = min(RedisLimits.backOffMin * (1 << min(failures - 1, 5)), RedisLimits.backOffMax)
        timer?.cancel()
        timer = loop.schedule(at: loop.now + pause) { [weak self] in
            self?.isConnecting = false
            self?.connect()
        }
    }

    private func watch() {
        timer?.cancel()
        timer = loop.schedule(at: loop.now + Self.pingInterval) { [weak self] in self?.ping() }
    }

    private func ping() {
        guard let connection else { return }
        guard hasAnswered else { return connection.end("Redis does not answer a connection that listens") }
        hasAnswered = false
        connection.push(RedisCommand("PING"))
        watch()
    }

    private func received(_ reply: RedisReply) {
        hasAnswered = true
        let value = reply.value
        // An error here means that a right is missing: listeners go on by their timers.
        guard let kind = value[0]?.text, let channel = value[1]?.text else { return }
        switch kind {
        case "message":
            guard let message = value[2]?.text else { return }
            for handler in handlers(channel) { handler(message) }
        case "subscribe":
            guard channels[channel] == false else { return }
            channels[channel] = true
            for handler in handlers(channel) { handler(nil) }
        default: break
        }
    }
}
