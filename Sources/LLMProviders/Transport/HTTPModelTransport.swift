// The real transport: the HTTP client of the loop that the caller runs on. Translates limits one way, failures the
// other.

internal import HTTPClient
internal import IOLoop

/// Sends requests with the current loop's HTTP client. Call it on a loop, isolated to an actor of it.
package struct HTTPModelTransport: ModelTransport {
    package init() {}

    package func withResponse<Result>(
        _ request: ModelHTTPRequest, connect: Duration, headersBy: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant, _ body: (any ModelHTTPResponse) async throws -> Result
    ) async throws -> Result {
        let client = HTTPClient.current
        let now = client.loop.now
        // No limit on silence: bytes that are no content would end it, so the providers count for themselves.
        let limits = HTTPTimeLimits(
            connect: connect, firstByte: now.duration(to: headersBy), idle: nil, total: now.duration(to: deadline))
        let httpRequest = HTTPRequest(
            method: request.method, url: request.url, headers: request.headers, body: request.body)
        do {
            return try await client.withResponse(httpRequest, limits: limits) { response in
                try await body(Response(response))
            }
        } catch let error as HTTPError {
            throw ModelTransportError(error)
        }
    }

    private final class Response: ModelHTTPResponse {
        private let response: HTTPResponse

        init(_ response: HTTPResponse) { self.response = response }

        var status: Int { response.status }

        func header(_ name: String) -> String? { response.headers[name] }

        func nextChunk(until deadline: ContinuousClock.Instant) async throws -> [UInt8]? {
            do {
                return try await response.nextChunk(until: deadline)
            } catch let error as HTTPError {
                throw ModelTransportError(error)
            } catch is DeadlineExceeded {
                throw ModelTransportError.deadlinePassed
            }
        }
    }
}

extension ModelTransportError {
    fileprivate init(_ error: HTTPError) {
        self =
            switch error.kind {
            case .resolve, .connectFailed, .tls, .tooManyTransfers: .notConnected(error.message)
            case .timedOut(.connect): .connectTimedOut
            case .timedOut: .deadlinePassed
            case .interrupted: .cut(error.message)
            case .invalidURL: .unusable(error.message)
            case .tooLarge, .protocolError: .malformed(error.message)
            }
    }
}
