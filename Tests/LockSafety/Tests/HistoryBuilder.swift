// Short words for histories in tests: times in milliseconds, one key.

import LockHistories

enum Script {
    static let millisecond: Int64 = 1_000_000
    /// The time to live that every lease in these tests is told, in milliseconds.
    static let validity: Int64 = 2000

    static func call(
        _ span: (Int64, Int64), _ request: LockOperation.Request, _ outcome: LockOperation.Outcome
    ) -> LockOperation {
        LockOperation(
            key: "k", calledAt: span.0 * millisecond, returnedAt: span.1 * millisecond, request: request,
            outcome: outcome)
    }

    static func granted(_ holder: String, _ fence: UInt64, _ begin: Int64, _ end: Int64) -> LockOperation {
        call((begin, end), .acquire(holder: holder), .granted(fence: fence, validity: validity * millisecond))
    }

    static func renewed(_ holder: String, _ fence: UInt64, _ begin: Int64, _ end: Int64) -> LockOperation {
        call((begin, end), .renew(holder: holder), .granted(fence: fence, validity: validity * millisecond))
    }

    static func refused(
        _ holder: String, by other: String? = nil, fence: UInt64? = nil, _ begin: Int64, _ end: Int64
    ) -> LockOperation {
        call((begin, end), .acquire(holder: holder), .refused(LockOperation.Seen(fence: fence, holder: other)))
    }

    static func released(_ holder: String, _ begin: Int64, _ end: Int64) -> LockOperation {
        call((begin, end), .release(holder: holder), .done)
    }

    static func open(_ request: LockOperation.Request, _ begin: Int64) -> LockOperation {
        LockOperation(
            key: "k", calledAt: begin * millisecond, returnedAt: nil, request: request, outcome: .unknown)
    }

    static func held(_ holder: String, _ fence: UInt64, _ begin: Int64, _ end: Int64) -> LockOperation {
        call((begin, end), .inspect, .held(LockOperation.Seen(fence: fence, holder: holder)))
    }
}
