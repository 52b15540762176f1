// A transport that replays responses and faults, byte for byte, and records what was asked and how far it was read.

import ChatEngine
import Synchronization

@testable import LLMProviders

/// Replays one exchange per request; the last one again and again.
final class ReplayTransport: ModelTransport {
    enum Piece: Sendable {
        case bytes(String)
        /// Nothing comes until the deadline passes, which moves the clock.
        case stall
        case fault(ModelTransportError)
    }

    enum Exchange: Sendable {
        case response(status: Int = 200, headers: [String: String] = [:], [Piece])
        case failure(ModelTransportError)

        static func stream(_ pieces: Piece...) -> Exchange {
            .response(headers: ["content-type": "text/event-stream; charset=utf-8"], pieces)
        }

        static func json(_ status: Int = 200, _ body: String, headers: [String: String] = [:]) -> Exchange {
            .response(
                status: status, headers: headers.merging(["content-type": "application/json"]) { $1 }, [.bytes(body)])
        }
    }

    private struct State {
        var exchanges: [Exchange]
        var requests: [ModelHTTPRequest] = []
        var unreadPieces = 0
    }
    private let state: Mutex<State>
    private let clock: ManualClock

    init(_ exchanges: Exchange..., clock: ManualClock) {
        state = Mutex(State(exchanges: exchanges))
        self.clock = clock
    }

    var requests: [ModelHTTPRequest] { state.withLock { $0.requests } }
    /// What the last response still had when it was left.
    var unreadPieces: Int { state.withLock { $0.unreadPieces } }

    func withResponse<Result>(
        _ request: ModelHTTPRequest, connect: Duration, headersBy: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant, _ body: (any ModelHTTPResponse) async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        let exchange = state.withLock { state in
            state.requests.append(request)
            return state.exchanges.count > 1 ? state.exchanges.removeFirst() : state.exchanges[0]
        }
        switch exchange {
        case .failure(let error):
            if error == .deadlinePassed { clock.advance(to: min(headersBy, deadline)) }
            throw error
        case .response(let status, let headers, let pieces):
            let response = Response(status: status, headers: headers, pieces: pieces, clock: clock)
            defer { state.withLock { $0.unreadPieces = response.pieces.count } }
            return try await body(response)
        }
    }

    private final class Response: ModelHTTPResponse {
        let status: Int
        private let headers: [String: String]
        var pieces: ArraySlice<Piece>
        private let clock: ManualClock

        init(status: Int, headers: [String: String], pieces: [Piece], clock: ManualClock) {
            self.status = status
            self.headers = headers
            self.pieces = pieces[...]
            self.clock = clock
        }

        func header(_ name: String) -> String? { headers[name] }

        func nextChunk(until deadline: ContinuousClock.Instant) async throws -> [UInt8]? {
            try Task.checkCancellation()
            switch pieces.popFirst() {
            case nil: return nil
            case .bytes(let text): return Array(text.utf8)
            case .stall:
                clock.advance(to: deadline)
                throw ModelTransportError.deadlinePassed
            case .fault(let error): throw error
            }
        }
    }
}
