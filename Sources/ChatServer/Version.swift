// The version of the programs of this package.

package enum Version {
    /// CHANGELOG.md has a section for each that was released.
    package static let current = "0.1.0"
}
