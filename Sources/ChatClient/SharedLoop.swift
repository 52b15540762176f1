// The loop that all clients of a process share unless they are given one: a thread is enough for many connections.

internal import IOLoop
internal import Synchronization

/// Makes the shared loop when it is first asked for. From any thread.
enum SharedLoop {
    private static let loop = Mutex<IOLoop?>(nil)

    /// - Throws: `ChatClientError` when the process has no descriptor left for it.
    static func get() throws(ChatClientError) -> IOLoop {
        let result = loop.withLock { loop -> Result<IOLoop, SystemError> in
            if let loop { return .success(loop) }
            do throws(SystemError) {
                let made = try IOLoop(label: "chat-client")
                loop = made
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let loop): return loop
        case .failure(let error):
            throw ChatClientError(.resourceExhausted, "no event loop could be made: \(error.description)")
        }
    }
}
