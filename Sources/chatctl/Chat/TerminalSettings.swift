// What chatctl changes of a terminal while it shows a prompt: Ctrl-C leaves the typed text in place, so that one can
// tell whether there was any.

internal import Glibc

/// The terminal's settings as they were. Used by the prompt's reading thread only.
struct TerminalSettings {
    private let original: termios

    /// Switches NOFLSH on; nil where standard input is no terminal.
    static func keepTypedTextOnInterrupt() -> TerminalSettings? {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        let original = TerminalSettings(original: settings)
        settings.c_lflag |= tcflag_t(NOFLSH)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        return original
    }

    /// Drops what was typed of a line that is not complete.
    ///
    /// - Returns: false when there was nothing.
    func dropTypedText() -> Bool {
        var settings = original
        // Without ICANON what was typed so far counts as input.
        settings.c_lflag &= ~tcflag_t(ICANON)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        var wait = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let hadText = poll(&wait, 1, 0) > 0
        tcflush(STDIN_FILENO, TCIFLUSH)
        return hadText
    }

    func restore() {
        var settings = original
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }
}
