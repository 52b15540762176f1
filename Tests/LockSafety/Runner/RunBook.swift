// What the run knows: the counters, what the callers wrote down, and whether they go on. Shared by the threads that
// talk to the callers and the run itself.

import LockHistories
import Synchronization

final class RunBook: Sendable {
    private struct State {
        var register = CounterRegister()
        var readers: [Int: HistoryReader] = [:]
        var acquisitions = 0
        var isOver = false
        var troubles: [String] = []
        var talking = 0
        /// What to do when the next caller has read a counter.
        var trap: (@Sendable (_ caller: String) -> Void)?
    }
    private let state = Mutex(State())
    private let acquisitionsMax: Int
    /// A caller that goes wrong may do so at each call.
    private static let troublesMax = 20

    init(acquisitionsMax: Int) { self.acquisitionsMax = acquisitionsMax }

    var acquisitions: Int { state.withLock { $0.acquisitions } }
    var isOver: Bool { state.withLock { $0.isOver } }
    var register: CounterRegister { state.withLock { $0.register } }
    var troubles: [String] { state.withLock { $0.troubles } }
    /// Connections that callers have open: what they said may not be read to the end.
    var talking: Int { state.withLock { $0.talking } }
    var history: [LockOperation] { state.withLock { $0.readers.values.flatMap(\.operations) } }

    func stop() {
        state.withLock { state in
            state.isOver = true
            state.trap = nil
        }
    }

    /// Stops the next caller between its read and its write: with chance alone that would be rare.
    func setTrap(_ trap: @escaping @Sendable (_ caller: String) -> Void) { state.withLock { $0.trap = trap } }

    func began(_ connection: Int) {
        state.withLock { state in
            state.talking += 1
            state.readers[connection] = HistoryReader()
        }
    }

    func ended() { state.withLock { $0.talking -= 1 } }

    func trouble(_ words: String) {
        state.withLock { if $0.troubles.count < Self.troublesMax { $0.troubles.append(words) } }
    }

    /// Takes a caller's line.
    ///
    /// - Returns: what it is answered, if anything.
    func take(_ line: String, from connection: Int, caller: String) -> String? {
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "next": return isOver ? "stop" : "go"
        case "read":
            guard words.count == 3, let fence = UInt64(words[2]) else { break }
            let (values, trap) = state.withLock { state in
                let trap = state.trap
                state.trap = nil
                return (state.register.read(words[1], fence: fence), trap)
            }
            trap?(caller)
            return "\(values.fenced) \(values.control)"
        case "write":
            guard words.count == 5, let fenced = Int(words[2]), let control = Int(words[3]),
                let fence = UInt64(words[4])
            else { break }
            let values = CounterRegister.Values(fenced: fenced, control: control)
            return state.withLock { $0.register.write(words[1], values, fence: fence) } ? "taken" : "late"
        default:
            if note(line, connection) { return nil }
        }
        trouble("\(caller): \(line)")
        return nil
    }

    private func note(_ line: String, _ connection: Int) -> Bool {
        state.withLock { state in
            guard let half = state.readers[connection]?.read(line) else { return false }
            if case .answer(_, _, .granted) = half, state.readers[connection]?.lastWasAcquire == true {
                state.acquisitions += 1
                if state.acquisitions >= acquisitionsMax { state.isOver = true }
            }
            return true
        }
    }
}
