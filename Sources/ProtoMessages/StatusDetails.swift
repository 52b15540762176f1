// What a status says to programs: google.rpc.ErrorInfo and RetryInfo, packed into its details. Used by RPC, which turns
// statuses into its error and back.

/// The machine-readable part of a failed call.
package struct StatusDetails: Sendable, Equatable {
    /// The domain of this service's reasons.
    package static let domain = "chat-service"
    /// Stands before the type's name in `Any.type_url`; readers look only at what follows the last slash.
    private static let typePrefix = "type.googleapis.com/"

    /// `ErrorInfo.reason`; empty when there is none.
    package var reason: String
    /// `ErrorInfo.metadata`.
    package var info: [String: String]
    /// `RetryInfo.retry_delay`, never negative; nil when there is none.
    package var retryAfter: Swift.Duration?

    package init(reason: String = "", info: [String: String] = [:], retryAfter: Swift.Duration? = nil) {
        self.reason = reason
        self.info = info
        self.retryAfter = retryAfter
    }

    /// Reads what it knows; details of other types and ones that cannot be read are skipped, since the status itself
    /// still says what happened.
    fileprivate init(_ details: [ProtoAny]) {
        self.init()
        for detail in details {
            let name = detail.typeURL.split(separator: "/").last ?? ""
            if name == ErrorInfo.fullName, let errorInfo = try? ErrorInfo(unpacking: detail.value.span) {
                reason = errorInfo.reason
                info = Dictionary(errorInfo.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
            } else if name == RetryInfo.fullName, let retry = try? RetryInfo(unpacking: detail.value.span) {
                let delay = retry.retryDelay ?? ProtoDuration()
                // google.protobuf.Duration's own range, 10,000 years: a peer must not make an arithmetic overflow.
                let seconds = min(max(delay.seconds, 0), 315_576_000_000)
                retryAfter = max(.zero, .seconds(seconds) + .nanoseconds(Int64(delay.nanos)))
            }
        }
    }

    fileprivate var packed: [ProtoAny] {
        var result: [ProtoAny] = []
        if !reason.isEmpty || !info.isEmpty {
            let pairs = info.sorted { $0.key < $1.key }.map { ErrorInfoMetadataEntry(key: $0.key, value: $0.value) }
            result.append(Self.pack(ErrorInfo(reason: reason, domain: Self.domain, metadata: pairs)))
        }
        if let retryAfter {
            let (seconds, attoseconds) = max(.zero, retryAfter).components
            let delay = ProtoDuration(seconds: seconds, nanos: Int32(attoseconds / 1_000_000_000))
            result.append(Self.pack(RetryInfo(retryDelay: delay)))
        }
        return result
    }

    private static func pack<M: ProtoMessage>(_ message: M) -> ProtoAny {
        ProtoAny(typeURL: typePrefix + M.fullName, value: message.packed())
    }
}

extension RPCStatus {
    /// A status with its details packed.
    ///
    /// - Parameter code: a code of gRPC, 0 to 16.
    package init(code: Int32, message: String, details: StatusDetails) {
        self.init(code: code, message: message, details: details.packed)
    }

    /// The details that this version knows.
    package var statusDetails: StatusDetails { StatusDetails(details) }
}
