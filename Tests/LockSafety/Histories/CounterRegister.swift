// What the locks protect: counters outside of the lock service. Each is kept twice: one checks fences, the other, the
// control, does not. Both are read and written by the same calls, so the control shows what the locks alone would lose.

package struct CounterRegister: Sendable {
    /// What a reader gets.
    package struct Values: Sendable, Equatable {
        package var fenced: Int
        package var control: Int

        package init(fenced: Int, control: Int) {
            self.fenced = fenced
            self.control = control
        }
    }
    private struct Counter {
        var values = Values(fenced: 0, control: 0)
        /// Of all that read or wrote: a read counts too, or a write of before it could come between it and its write.
        var greatestFence: UInt64 = 0
        var written = Values(fenced: 0, control: 0)
    }

    private var counters: [String: Counter] = [:]
    /// Writes with a fence that was smaller than another's.
    package private(set) var lateWrites = 0

    package init() {}

    package mutating func read(_ key: String, fence: UInt64) -> Values {
        counters[key, default: Counter()].greatestFence = max(counters[key]?.greatestFence ?? 0, fence)
        return counters[key, default: Counter()].values
    }

    /// - Returns: true when the fenced counter took it; the control takes everything.
    package mutating func write(_ key: String, _ values: Values, fence: UInt64) -> Bool {
        var counter = counters[key] ?? Counter()
        defer { counters[key] = counter }
        counter.values.control = values.control
        counter.written.control += 1
        guard fence >= counter.greatestFence else {
            lateWrites += 1
            return false
        }
        counter.greatestFence = fence
        counter.values.fenced = values.fenced
        counter.written.fenced += 1
        return true
    }

    /// Writes that were taken, of all keys.
    package var written: Values {
        counters.values.reduce(into: Values(fenced: 0, control: 0)) { sum, counter in
            sum.fenced += counter.written.fenced
            sum.control += counter.written.control
        }
    }

    /// Increments that were taken and are in no counter, of all keys; for each key, so that no gain hides a loss.
    package var lost: Values {
        counters.values.reduce(into: Values(fenced: 0, control: 0)) { sum, counter in
            sum.fenced += abs(counter.written.fenced - counter.values.fenced)
            sum.control += max(0, counter.written.control - counter.values.control)
        }
    }
}
