// Shows that the thread sanitizer sees what it should, and no more: threads that contend for a Mutex, and with the
// argument `race` also count without it. Built and run by .ci/sanitize.

import Synchronization

/// What the tasks share.
final class Shared: Sendable {
    let guarded = Mutex<[Int]>([])
    /// Read and written by all tasks at once when the race is wanted.
    nonisolated(unsafe) var unguarded = 0
}

let shared = Shared()
let isRacing = CommandLine.arguments.dropFirst() == ["race"]
/// Enough for the tasks to meet in the Mutex's slow path thousands of times.
let rounds = 20_000

await withTaskGroup { group in
    for task in 0..<4 {
        group.addTask {
            for round in 0..<rounds {
                shared.guarded.withLock { numbers in
                    numbers.append(round &+ task)
                    if numbers.count > 100 { numbers.removeAll() }
                }
            }
            if isRacing { shared.unguarded += 1 }
        }
    }
}
