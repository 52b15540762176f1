// Remembers, from the signals' thread, that the program is to end after what it does.

internal import Synchronization

final class SignalEnd: Sendable {
    private let noted = Mutex<Int32?>(nil)

    var signal: Int32? { noted.withLock { $0 } }

    func note(_ signal: Int32) { noted.withLock { $0 = $0 ?? signal } }
}
