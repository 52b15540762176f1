// The terminal of a command that is a process group of its own: lent when the command asks for it, taken back at its
// end.

internal import Glibc
internal import Synchronization

/// The controlling terminal, where there is one. Used by the thread that waits for the command.
final class CommandTerminal: Sendable {
    /// -1 where there is none.
    private let descriptor: Int32
    private let isLent = Atomic(false)

    init() {
        descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        // Ctrl-Z would suspend this process and with it the renewal of the lease, but not the command.
        signal(SIGTSTP, SIG_IGN)
        // Taking the terminal back from the background would suspend this process.
        signal(SIGTTOU, SIG_IGN)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Decides about a command that was suspended.
    ///
    /// - Returns: true when it is to be continued: it was suspended by Ctrl-Z, which would cost it its lock, or because
    /// it
    ///   wanted the terminal and has it now.
    func wantsToGoOn(after signal: Int32, group: pid_t) -> Bool {
        switch signal {
        case SIGTSTP:
            StandardError.say("a command that holds a lock is not suspended")
            return true
        case SIGTTIN, SIGTTOU:
            guard descriptor >= 0 else { return false }
            let foreground = tcgetpgrp(descriptor)
            // In the background of the user's shell it waits, like any other command, until it is brought forward.
            guard foreground == getpgrp() || foreground == group else { return false }
            isLent.store(true, ordering: .relaxed)
            return tcsetpgrp(descriptor, group) == 0
        default:
            return false
        }
    }

    /// Back to this process's group.
    func takeBack() {
        if isLent.exchange(false, ordering: .relaxed) { tcsetpgrp(descriptor, getpgrp()) }
    }
}
