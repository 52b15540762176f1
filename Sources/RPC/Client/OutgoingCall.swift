// What a call asks for, and how it becomes a Request frame.

internal import IOLoop
internal import ProtoMessages
internal import Wire

/// A call before it has a connection. Kept until its outcome is known, so that it can be sent again.
struct OutgoingCall: Sendable {
    let method: MethodDescriptor
    let request: [UInt8]
    let metadata: Metadata
    let isSafeToRetry: Bool
    let startedAt: ContinuousClock.Instant
    let timeout: Duration?

    init(_ method: MethodDescriptor, _ request: [UInt8], _ options: CallOptions) {
        self.method = method
        self.request = request
        metadata = options.metadata
        isSafeToRetry = options.isSafeToRetry
        timeout = options.timeout
        // Only calls with a deadline pay for looking at the clock.
        startedAt = options.timeout == nil ? Self.epoch : .now
    }

    /// Covers everything from the caller's `await` on.
    var deadline: ContinuousClock.Instant? { timeout.map { startedAt + $0 } }

    private static let epoch = ContinuousClock.now

    /// Appends the whole frame; returns its body's size when that passes the limit, in which case nothing is appended.
    func appendFrame(
        id: StreamID, now: ContinuousClock.Instant, payloadBytesMax: Int, to bytes: inout [UInt8]
    ) -> Int? {
        var head = RequestHead(metadata: metadata.pairs)
        if let deadline { head.timeoutNanoseconds = Self.nanoseconds(deadline - now) }
        var refusedBytes: Int?
        Envelope.appendRequest(
            service: method.service, method: method.method, head: head, payload: request.span, to: &bytes
        ) { size, bytes in
            guard size <= payloadBytesMax else {
                refusedBytes = size
                return false
            }
            // A request is whole in its first frame, which closes our side of a stream.
            let flags: FrameFlags = method.shape == .serverStream ? .remoteClosed : FrameFlags(rawValue: 0)
            FrameHeader(length: size, streamID: id, type: .request, flags: flags).append(to: &bytes)
            return true
        }
        return refusedBytes
    }

    /// What is left, at least one: zero would mean no deadline.
    private static func nanoseconds(_ span: Duration) -> Int64 {
        let (seconds, attoseconds) = span.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .max }
        return max(1, whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue)
    }
}
