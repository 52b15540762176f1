// The bounds of the fake model. Tests and the load tool may set them.

package struct FakeModelLimits: Sendable {
    /// Connections at a time; further ones are closed at once.
    package var connectionsMax = 4096
    /// Bytes of a request's line and headers.
    package var headerBytesMax = 32 * 1024
    /// Bytes of a request's body.
    package var bodyBytesMax = 32 * 1024 * 1024
    /// Requests remembered; the oldest half goes when there are more. 0 for a load test.
    package var recordsMax = 1024
    /// Bytes of a body that are remembered.
    package var recordedBodyBytesMax = 1024 * 1024

    package init() {}
}
