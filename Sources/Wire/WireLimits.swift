// The wire's fixed numbers and the bounds that a frame must keep.

/// Limits of a frame, in bytes.
package enum WireLimits {
    /// length (4), stream id (4), type (1), flags (1).
    package static let headerBytes = 10
    /// The largest payload that ttrpc's peers accept; no configuration may pass it.
    package static let payloadBytesMax = 4 << 20
    /// What a server accepts unless configured otherwise: large enough for any prompt, small enough that a frame's
    /// unpacked form (at most eight times its size) is bearable for every connection at once.
    package static let payloadBytesDefault = 1 << 20
}
