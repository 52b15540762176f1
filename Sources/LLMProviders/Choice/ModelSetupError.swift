// Why a model cannot be set up, for the operator who named it.

/// A model that was named and cannot be had. The message says what to do, and holds no secrets.
package struct ModelSetupError: Error, Sendable, Equatable {
    package enum Kind: Sendable, Hashable {
        /// The words do not name a model.
        case invalidSpec
        /// They name one that this version does not speak to.
        case notSupported
        /// The provider wants a key and there is none.
        case missingKey
        /// The script cannot be read, or is none.
        case invalidScript
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
