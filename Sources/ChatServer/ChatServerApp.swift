// Runs a server until it is told to stop. The chatd program calls it.

internal import ChatEngine
internal import Glibc
internal import HTTPClient
internal import IOLoop
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

package enum ChatServerApp {
    /// Why a server could not start; `description` is one line for an operator.
    package struct StartError: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    /// Serves until SIGTERM or SIGINT, then drains for at most the configured grace time and returns. A second signal
    /// ends the process at once.
    ///
    /// Prints `chatd listening on HOST:PORT` on standard output, one line for each listener, once it accepts calls;
    /// with write(2), since `print` keeps it in a buffer where standard output is a file or a pipe.
    ///
    /// - Throws: `StartError` when it cannot listen or a part of it does not start.
    package static func run(_ configuration: ServerConfiguration, metrics: ServerMetrics) async throws {
        ProcessMemory.returnLargeBuffers()
        let logger = Logger(label: "chatd")
        HTTPClient.configureProcess(
            HTTPClientConfiguration(proxies: ProxySettings(variables: ProcessEnvironment.variables())))
        let server = try await RunningServer.start(configuration, metrics: metrics, logger: logger)
        // Before the line that says that it is ready: whoever reads it may send a signal at once.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        for address in server.addresses { announce(address) }
        ProcessMemory.letGoOfStartUpCode()
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: Sweeper(server: server, logger: logger)),
                    .init(service: ListKeeper(server: server, logger: logger)),
                    .init(service: MemoryKeeper(server: server, logger: logger)),
                    .init(
                        service: Serving(server: server, grace: configuration.connections.drainGrace, logger: logger)),
                ],
                gracefulShutdownSignals: [], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await obey(signals, group) }
            tasks.addTask { try await group.run() }
            // The watch of signals ends only with the program.
            _ = try await tasks.next()
            tasks.cancelAll()
        }
    }

    /// Drains at the first signal. Ends the process at the second: whoever sends it does not want to wait.
    private static func obey(_ signals: UnixSignalsSequence, _ group: ServiceGroup) async {
        var count = 0
        for await signal in signals {
            count += 1
            if count > 1 { _exit(128 + signal.rawValue) }
            await group.triggerGracefulShutdown()
        }
    }

    private static func announce(_ address: SocketAddress) {
        let line = Array("chatd listening on \(address)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }
}

/// The server as a service: it runs by itself and drains when the group shuts down.
private struct Serving: Service {
    let server: RunningServer
    let grace: Duration
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        logger.info("draining", metadata: ["grace": "\(grace)"])
        if await server.drain(grace: grace) {
            logger.info("drained")
        } else {
            logger.warning("some calls did not end within the grace time and were aborted")
        }
    }
}

/// Removes expired sessions in small steps.
private struct Sweeper: Service {
    private static let interval = Duration.seconds(60)
    /// Sessions per step: a step holds the store for about a millisecond.
    private static let stepSessions = 100
    /// Between two steps, for the calls that wait for the store.
    private static let pause = Duration.milliseconds(10)

    let server: RunningServer
    let logger: Logger

    func run() async throws {
        let (engine, logger) = (server.engine, logger)
        let actor = LoopActor(server.loops[0])
        await cancelWhenGracefulShutdown {
            // Ends with its cancellation, and with nothing else: a store that fails now may work in a minute.
            try? await actor.run { actor in
                while true {
                    try await actor.loop.sleep(until: actor.loop.now + Self.interval)
                    do {
                        while try await engine.removeExpiredSessions(limit: Self.stepSessions).hasMore {
                            try await actor.loop.sleep(until: actor.loop.now + Self.pause)
                        }
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        logger.error(
                            "expired sessions were not removed this time", metadata: ["type": "\(type(of: error))"])
                    }
                }
            }
        }
    }
}

/// Keeps the lists of sessions true where other programs write to the store, too.
private struct ListKeeper: Service {
    /// After a failure, such as a store that is away.
    private static let pauseAfterFailure = Duration.seconds(5)

    let server: RunningServer
    let logger: Logger

    func run() async throws {
        let (store, logger) = (server.store, logger)
        let actor = LoopActor(server.loops[0])
        await cancelWhenGracefulShutdown {
            // Ends with its cancellation, and with nothing else.
            try? await actor.run { actor in
                while true {
                    var pause: Duration? = Self.pauseAfterFailure
                    do {
                        pause = try await store.repairLists()
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        logger.debug(
                            "the lists of sessions were not looked at", metadata: ["type": "\(type(of: error))"])
                    }
                    // A service that returned would end the group.
                    let next = pause ?? .seconds(86_400)
                    try await actor.loop.sleep(until: actor.loop.now + next)
                }
            }
        }
    }
}

/// Gives memory back to the system after a burst.
private struct MemoryKeeper: Service {
    private static let interval = Duration.seconds(5)

    let server: RunningServer
    let logger: Logger

    // Waits on a loop and looks at the heap, which may take milliseconds, on none.
    @concurrent
    func run() async {
        let (logger, waiting) = (logger, LoopActor(server.loops[0]))
        await cancelWhenGracefulShutdown {
            var pages = FreePages()
            while (try? await waiting.run { try await $0.loop.sleep(until: $0.loop.now + Self.interval) }) != nil {
                let bytes = pages.giveBack()
                if bytes > 0 { logger.debug("memory was given back", metadata: ["bytes": "\(bytes)"]) }
            }
        }
    }
}
