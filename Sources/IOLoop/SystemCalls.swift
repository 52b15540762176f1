// Every system call of this target goes through here: EINTR is retried, "would block" is a value, and an errno that can
// only be our own mistake traps.

internal import CLinux
internal import Glibc

/// A system call that failed.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    package let number: Int32
    /// What was tried, such as `connect`.
    package let operation: String

    package init(number: Int32, operation: String) {
        self.number = number
        self.operation = operation
    }

    package var description: String {
        let text = String(cString: strerror(number))
        return "\(operation): \(text) (errno \(number))"
    }
}

/// What a non-blocking call came to.
enum IOResult: Equatable {
    case done(Int)
    case wouldBlock
}

enum SystemCalls {
    /// Runs a call that may block the descriptor, not the thread.
    @inline(__always)
    static func nonBlocking(_ operation: StaticString, _ call: () -> Int) throws(SystemError) -> IOResult {
        while true {
            let result = call()
            if result >= 0 { return .done(result) }
            let number = errno
            switch number {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default:
                preconditionNotOurMistake(number, operation)
                throw SystemError(number: number, operation: "\(operation)")
            }
        }
    }

    /// Runs a call whose every failure is an error.
    @discardableResult
    static func checked(_ operation: StaticString, _ call: () -> Int32) throws(SystemError) -> Int32 {
        while true {
            let result = call()
            if result >= 0 { return result }
            let number = errno
            if number == EINTR { continue }
            preconditionNotOurMistake(number, operation)
            throw SystemError(number: number, operation: "\(operation)")
        }
    }

    /// EBADF and EFAULT mean that this process uses a descriptor or a buffer it does not own: going on would corrupt
    /// another's.
    private static func preconditionNotOurMistake(_ number: Int32, _ operation: StaticString) {
        precondition(number != EBADF && number != EFAULT, "\(operation) used a descriptor or buffer that is not ours")
    }
}

/// A descriptor with exactly one owner, closed when the owner goes.
package struct OwnedDescriptor: ~Copyable {
    package let number: Int32

    /// Takes ownership of an open descriptor.
    package init(_ number: Int32) {
        precondition(number >= 0, "an owned descriptor must be open")
        self.number = number
    }

    /// Gives the ownership away; the new owner closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    deinit { _ = close(number) }
}
