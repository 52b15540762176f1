// A response while its body arrives: read chunk by chunk, as fast as the reader wants and no faster.

internal import IOLoop

/// A response whose headers are in. On its loop, inside the closure it was given to.
package final class HTTPResponse {
    package let status: Int
    package let headers: HTTPHeaders
    private let transfer: CurlTransfer
    private let multi: CurlMulti
    private let idle: Duration?
    private let totalDeadline: ContinuousClock.Instant?
    private var isOver = false

    init(_ transfer: CurlTransfer, on multi: CurlMulti, idle: Duration?, totalDeadline: ContinuousClock.Instant?) {
        status = transfer.head.status
        headers = transfer.head.headers
        self.transfer = transfer
        self.multi = multi
        self.idle = idle
        self.totalDeadline = totalDeadline
    }

    /// The closure has returned: the body is gone.
    func finish() { isOver = true }

    /// All bytes of the body that have come since the last call, at least one; nil at the body's proper end. While
    /// nobody calls, at most `HTTPClientLimits.responseBytesHeldMax` bytes are taken from the server.
    ///
    /// - Parameter deadline: past it `DeadlineExceeded` is thrown; the response is as before and may be read on.
    /// - Throws: `HTTPError`, after which the response stays failed; `CancellationError`; `DeadlineExceeded`.
    package func nextChunk(until deadline: ContinuousClock.Instant? = nil) async throws -> [UInt8]? {
        precondition(!isOver, "a response is read inside the closure it was given to")
        multi.loop.preconditionOnLoop()
        while true {
            let seen = transfer.revision
            if Task.isCancelled { throw CancellationError() }
            if let bytes = transfer.takeHeld() {
                if transfer.isPaused {
                    transfer.willResume()
                    multi.resume(transfer)
                }
                return bytes
            }
            switch transfer.outcome {
            case .success: return nil
            case .failure(let error): throw error
            case nil: break
            }
            let quietDeadline = idle.map { transfer.quietSince + $0 }
            try failIfPassed(.total, totalDeadline)
            try failIfPassed(.idle, quietDeadline)
            do {
                try await transfer.change(
                    since: seen, until: Self.earlier(deadline, Self.earlier(totalDeadline, quietDeadline)))
            } catch is DeadlineExceeded {
                if let deadline, multi.loop.now >= deadline { throw DeadlineExceeded() }
            }
        }
    }

    private static func earlier(
        _ first: ContinuousClock.Instant?, _ second: ContinuousClock.Instant?
    ) -> ContinuousClock.Instant? {
        guard let first, let second else { return first ?? second }
        return min(first, second)
    }

    private func failIfPassed(_ limit: HTTPTimeLimit, _ deadline: ContinuousClock.Instant?) throws {
        guard let deadline, multi.loop.now >= deadline else { return }
        let error = HTTPError(.timedOut(limit), "the response took longer than the limit \(limit.rawValue)")
        multi.stop(transfer, because: error)
        throw error
    }
}
