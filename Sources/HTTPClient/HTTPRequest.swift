// What a caller asks for: one HTTP request and its time limits. Values, checked when the request starts.

/// One request. Its parts are checked by `HTTPClient`, which refuses what could smuggle a second request.
package struct HTTPRequest: Sendable {
    /// In capitals, such as `POST`.
    package var method: String
    /// Absolute, `http` or `https`. May carry user information, which never appears in an error.
    package var url: String
    package var headers: [(name: String, value: String)]
    /// Sent with a Content-Length. At most `HTTPClientLimits.requestBodyBytesMax`.
    package var body: [UInt8]

    package init(method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// The four limits of one exchange. They run on the loop's timers; nil means none.
package struct HTTPTimeLimits: Sendable, Equatable {
    /// From the start until the connection stands: name look-up, TCP, proxy and TLS together.
    package var connect: Duration?
    /// From the start until the response's headers are complete.
    package var firstByte: Duration?
    /// The longest silence between bytes of the body while the reader wants more. Any byte ends a silence, a comment
    /// too.
    package var idle: Duration?
    /// From the start until the body's end.
    package var total: Duration?

    package static let connectDefault = Duration.seconds(5)
    package static let firstByteDefault = Duration.seconds(120)
    package static let idleDefault = Duration.seconds(60)
    package static let totalDefault = Duration.seconds(600)

    package init(
        connect: Duration? = Self.connectDefault, firstByte: Duration? = Self.firstByteDefault,
        idle: Duration? = Self.idleDefault, total: Duration? = Self.totalDefault
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}

/// Which limit of `HTTPTimeLimits` was passed.
package enum HTTPTimeLimit: String, Sendable, Equatable {
    case connect
    case firstByte
    case idle
    case total
}
