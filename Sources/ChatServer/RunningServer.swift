// The parts put together: loops, model, engine, services, RPC server. `ChatServerApp` runs one until a signal; tests
// embed one.

internal import ChatEngine
internal import ChatStubs
internal import ChatTools
internal import HTTPClient
package import IOLoop
internal import LLMProviders
package import Logging
internal import RPC

/// A server that accepts calls. Ends with `drain` or `abort`.
package final class RunningServer: Sendable {
    /// The addresses in use, as they were configured, with the ports that were picked.
    package let addresses: [SocketAddress]
    /// The embedded engine, which runs on `loops`.
    let engine: ChatEngine
    let loops: [IOLoop]
    let store: StoreChoice
    private let server: RPCServer
    private let state: ServerState

    private init(
        addresses: [SocketAddress], engine: ChatEngine, loops: [IOLoop], store: StoreChoice, server: RPCServer,
        state: ServerState
    ) {
        self.addresses = addresses
        self.engine = engine
        self.loops = loops
        self.store = store
        self.server = server
        self.state = state
    }

    /// Builds everything and listens.
    ///
    /// - Throws: `ChatServerApp.StartError` with one line for the operator.
    package static func start(
        _ configuration: ServerConfiguration, metrics: ServerMetrics, logger: Logger
    ) async throws -> RunningServer {
        DescriptorLimit.raise(for: configuration.connections.countMax, logger: logger)
        do {
            let loops = try (0..<configuration.loops).map { try IOLoop(label: "chatd-loop-\($0)") }
            let clock = LoopClock(fallback: loops[0])
            let models = try await ModelChoice.make(configuration, clock: clock, on: loops[0], logger: logger)
            let state = ServerState(startedAtMicroseconds: clock.wallMicroseconds)
            let store = try await StoreChoice.open(
                configuration, loops: loops, clock: clock, state: state, logger: logger)
            let engine = makeEngine(configuration, models: models, store: store, clock: clock)
            let router = ServiceTable.router(
                configuration, engine: engine, store: store, models: models, state: state, clock: clock,
                metrics: metrics)
            let server = RPCServer(
                loops: loops, router: router, limits: configuration.serverLimits, logger: logger,
                observer: ServerLog(logger: logger, metrics: metrics, methods: router.methods),
                convertError: { RPCError(engine: $0) })
            let addresses: [SocketAddress]
            do {
                addresses = try await listen(server, configuration, on: loops[0])
            } catch {
                // One address may be in use by us already while the next one failed.
                await server.abort()
                await store.close()
                throw error
            }
            return RunningServer(
                addresses: addresses, engine: engine, loops: loops, store: store, server: server, state: state)
        } catch let error as SystemError {
            throw ChatServerApp.StartError(description: "\(error)")
        } catch let error as ModelSetupError {
            throw ChatServerApp.StartError(description: error.message)
        }
    }

    private static func makeEngine(
        _ configuration: ServerConfiguration, models: ModelChoice, store: StoreChoice, clock: LoopClock
    ) -> ChatEngine {
        ChatEngine(
            configuration: configuration.engine, store: store.sessions, locks: store.locks, model: models.model,
            streamModel: models.streamModel, toolRouter: BuiltInToolRouter(clock: clock), clock: clock)
    }

    private static func listen(
        _ server: RPCServer, _ configuration: ServerConfiguration, on loop: IOLoop
    ) async throws -> [SocketAddress] {
        var addresses: [SocketAddress] = []
        for listen in configuration.listen {
            let resolved = try await LoopActor(loop).run { actor in
                try await NameResolver.resolve(listen.endpoint, on: actor.loop, until: .now + .seconds(10))
            }
            for address in resolved {
                guard configuration.allowsPlaintext || address.isLoopback else {
                    throw ChatServerApp.StartError(
                        description: "\(address) is not a loopback address and plain TCP can be read by others; "
                            + "listen on 127.0.0.1, or say --allow-plaintext where the network is yours alone")
                }
                do {
                    addresses.append(try await server.listen(on: address))
                } catch {
                    throw ChatServerApp.StartError(description: "cannot listen on \(address): \(error)")
                }
            }
        }
        return addresses
    }

    /// Stops accepting, tells the clients, and returns when the running calls have ended.
    ///
    /// - Returns: false when some were still running after `grace` and were aborted.
    package func drain(grace: Duration) async -> Bool {
        state.beginDraining()
        let isClean = await server.drain(until: .now + grace)
        await store.close()
        return isClean
    }

    /// Ends everything now.
    package func abort() async {
        state.beginDraining()
        await server.abort()
        await store.close()
    }
}
