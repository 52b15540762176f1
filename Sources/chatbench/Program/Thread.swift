// Threads for calls that block: waiting for a child process, reading what it prints.

internal import Glibc

enum Thread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own, which nobody waits for.
    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                // Takes over the reference that was passed in.
                Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        precondition(code == 0, "a program of a few threads can make one more")
        pthread_detach(thread)
    }
}
