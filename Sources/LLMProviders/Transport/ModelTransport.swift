// The seam between the providers and HTTP: what a provider needs of a response, and the failures it can act upon.
// The real transport is HTTPModelTransport; tests replay bytes through another one.

/// One request to a provider.
package struct ModelHTTPRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(method: String, url: String, headers: [(name: String, value: String)], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// Why a transfer failed, as far as a provider cares.
package enum ModelTransportError: Error, Sendable, Equatable {
    /// Nothing was sent: no connection, no such name, no TLS. The words say which, without secrets.
    case notConnected(String)
    /// The connection was not there within `ModelTimeLimits.connect`.
    case connectTimedOut
    /// The deadline that was given to the request or to `nextChunk` passed.
    case deadlinePassed
    /// The connection ended before the response did.
    case cut(String)
    /// The request cannot be made: a bad address.
    case unusable(String)
    /// What came back is not HTTP, or beyond the client's limits.
    case malformed(String)
}

/// A response whose headers are in. Used by one task, inside the closure that it was given to.
package protocol ModelHTTPResponse: AnyObject {
    var status: Int { get }

    /// The first header named `name`, in any case.
    func header(_ name: String) -> String?

    /// Some more bytes of the body; nil at its proper end. Between two calls the transfer is paused.
    ///
    /// - Throws: `ModelTransportError`; `CancellationError`.
    func nextChunk(until deadline: ContinuousClock.Instant) async throws -> [UInt8]?
}

/// Sends requests.
package protocol ModelTransport: Sendable {
    /// Sends `request` and hands the response to `body`. A transfer that `body` leaves early is closed at once.
    ///
    /// - Parameters:
    ///   - connect: the limit for the connection to be there.
    ///   - headersBy: when the response's headers are too late.
    ///   - deadline: when all of it is too late.
    /// - Throws: `ModelTransportError` of its own; `CancellationError`; and what `body` throws.
    func withResponse<Result>(
        _ request: ModelHTTPRequest, connect: Duration, headersBy: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant, _ body: (any ModelHTTPResponse) async throws -> Result
    ) async throws -> Result
}

extension ModelHTTPResponse {
    /// The whole body, cut at `bytesMax`.
    func body(upTo bytesMax: Int, until deadline: ContinuousClock.Instant) async throws -> (
        bytes: [UInt8], isCut: Bool
    ) {
        var bytes: [UInt8] = []
        while let chunk = try await nextChunk(until: deadline) {
            bytes.append(contentsOf: chunk)
            if bytes.count > bytesMax { return (Array(bytes.prefix(bytesMax)), true) }
        }
        return (bytes, false)
    }
}
