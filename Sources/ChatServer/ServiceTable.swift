// Which services a server has.

internal import ChatEngine
internal import ChatStubs
internal import RPC

enum ServiceTable {
    /// The router with every service; adding one is one line here.
    static func router(
        _ configuration: ServerConfiguration, engine: ChatEngine, store: StoreChoice, models: ModelChoice,
        state: ServerState, clock: any EngineClock, metrics: ServerMetrics
    ) -> Router {
        var router = Router()
        router.register(ChatService(engine: engine, metrics: metrics))
        router.register(SessionService(engine: engine))
        router.register(LockService(engine: engine, state: state, metrics: metrics))
        router.register(
            MaintenanceService(
                engine: engine, store: store, frameBytesMax: configuration.connections.frameBytesMax))
        if configuration.servesDiagnostics { router.register(DiagnosticsService()) }
        var names = Set(router.methods.map(\.service))
        names.formUnion(ServerServiceDescriptors.all.map(\.service))
        names.formUnion(HealthServiceDescriptors.all.map(\.service))
        router.register(HealthService(state: state, services: names))
        let facts = ServerFacts(
            services: names.sorted(), model: models.explanation, streamModel: models.streamExplanation,
            store: configuration.store.kind, frameBytesMax: configuration.connections.frameBytesMax,
            messageBytesMax: configuration.engine.limits.messageBytesMax,
            historyMessagesMax: configuration.sessions.historyMessagesMax ?? 0,
            sessionIdle: configuration.sessions.idleExpiry)
        router.register(ServerService(state: state, clock: clock, facts: facts))
        return router
    }
}
