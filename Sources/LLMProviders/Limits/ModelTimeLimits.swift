// How long a model may take, in four parts. Values only; who counts which is said at each.

/// The time limits of one answer. Each passes on its own, and the caller's deadline cuts them all.
package struct ModelTimeLimits: Sendable, Hashable {
    /// From the start of an attempt until the connection is there. Counted by the HTTP client.
    package var connect: Duration
    /// From the start of an attempt until the first content. Counted by the provider: comments, pings and headers are
    /// no content, and some servers send them for minutes.
    package var firstContent: Duration
    /// Between two pieces of content, while the provider is being read: not while the caller of the answer is waited
    /// for.
    package var idle: Duration
    /// The whole answer, retries included.
    package var total: Duration

    package init(
        connect: Duration = .seconds(5), firstContent: Duration = .seconds(120), idle: Duration = .seconds(60),
        total: Duration = .seconds(600)
    ) {
        precondition(
            connect > .zero && firstContent > .zero && idle > .zero && total > .zero, "a time limit must be positive")
        self.connect = connect
        self.firstContent = firstContent
        self.idle = idle
        self.total = total
    }

    /// Connect and total are those of the providers' own clients. A cold reasoning model thinks for up to two minutes
    /// before its first content, and then never for one in the middle of an answer.
    package static let standard = ModelTimeLimits()
}
