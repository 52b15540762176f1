// What `chatctl --version` says. The server's version is a fact of its own, which `chatctl info` tells.

enum ProgramVersion {
    /// CHANGELOG.md has a section for each that was released.
    static let current = "0.1.0"
}
