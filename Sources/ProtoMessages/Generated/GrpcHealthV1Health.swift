// Generated from proto/grpc/health/v1/health.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// Whose health.
public struct HealthCheckRequest: Sendable, Equatable {
    /// A service's full name, such as "chat.v1.ChatService"; empty for the server as a whole.
    public var service: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        service: String = ""
    ) {
        self.service = service
    }
}

/// A service's health.
public struct HealthCheckResponse: Sendable, Equatable {
    /// A state of health.
    public enum ServingStatus: Sendable, Hashable {
        /// `UNKNOWN`.
        case unknown
        /// Calls are served.
        case serving
        /// Calls would fail: a dependency is missing, or the server drains.
        case notServing
        /// Only in Watch: the server has no such service (yet).
        case serviceUnknown
        /// A value that this version does not know.
        case unrecognized(Int32)

        /// From the wire's number.
        public init(number: Int32) {
            switch number {
            case 0: self = .unknown
            case 1: self = .serving
            case 2: self = .notServing
            case 3: self = .serviceUnknown
            default: self = .unrecognized(number)
            }
        }

        /// The wire's number.
        public var number: Int32 {
            switch self {
            case .unknown: 0
            case .serving: 1
            case .notServing: 2
            case .serviceUnknown: 3
            case .unrecognized(let number): number
            }
        }

        /// Every value that this version knows.
        public static let known: [Self] = [.unknown, .serving, .notServing, .serviceUnknown]
    }

    /// The state.
    public var status: HealthCheckResponse.ServingStatus = .unknown

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        status: HealthCheckResponse.ServingStatus = .unknown
    ) {
        self.status = status
    }
}

