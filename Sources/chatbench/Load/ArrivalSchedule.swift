// When calls are due at a fixed rate. Pure, and the same in every run.

internal import ArgumentParser
internal import Glibc

/// How arrivals are spread over time.
enum ArrivalPattern: String, Sendable, CaseIterable, ExpressibleByArgument {
    /// One every interval.
    case even
    /// Independent of each other, as callers that know nothing of each other are: exponential gaps.
    case poisson
}

/// The arrivals of one loop, as nanoseconds since the load began, in order.
struct ArrivalSchedule: Sendable {
    private let intervalNanoseconds: Double
    private let pattern: ArrivalPattern
    private var random: SplitMix
    /// Arrivals taken so far.
    private var taken = 0
    private var offset: Double

    /// - Parameters:
    ///   - rate: per second; above 0.
    ///   - phase: of an interval, 0 to 1: where the first of even arrivals lies, so that several loops take turns.
    ///   - seed: of the gaps of `.poisson`.
    init(rate: Double, pattern: ArrivalPattern, phase: Double, seed: UInt64) {
        precondition(rate > 0, "arrivals have a rate")
        intervalNanoseconds = 1e9 / rate
        self.pattern = pattern
        random = SplitMix(state: seed)
        offset = phase * intervalNanoseconds
        if pattern == .poisson { offset = gap() }
    }

    /// When the next call is due.
    var nextNanoseconds: UInt64 {
        switch pattern {
        // Multiplied and not added up, so that an hour later it is still right.
        case .even: UInt64(offset + Double(taken) * intervalNanoseconds)
        case .poisson: UInt64(offset)
        }
    }

    /// Goes on to the one after the next.
    mutating func take() -> UInt64 {
        let due = nextNanoseconds
        taken += 1
        if pattern == .poisson { offset += gap() }
        return due
    }

    private mutating func gap() -> Double { -log(random.nextPart()) * intervalNanoseconds }

    /// A small generator whose numbers are the same everywhere.
    private struct SplitMix: Sendable {
        var state: UInt64

        /// Above 0, at most 1.
        mutating func nextPart() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed >> 31
            return Double(mixed >> 11 + 1) / Double(1 << 53)
        }
    }
}
