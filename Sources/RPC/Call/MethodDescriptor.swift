// The name and shape of a method, as the generated code declares it.

/// One method of a service.
package struct MethodDescriptor: Sendable, Hashable {
    package enum Shape: Sendable, Hashable {
        case unary
        case serverStream
    }

    /// The proto's full service name, such as `chat.v1.ChatService`.
    package let service: String
    /// The bare method name, such as `StreamChat`.
    package let method: String
    package let shape: Shape

    package init(service: String, method: String, shape: Shape) {
        self.service = service
        self.method = method
        self.shape = shape
    }

    /// `service/method`, for logs and metrics.
    package var name: String { "\(service)/\(method)" }
}
