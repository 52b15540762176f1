// What a comparison could not measure, and why. Pure.

/// Sentences for below the table. What fails for one reason in several works is one note.
struct Notes: Sendable {
    private var entries: [(subject: String, reason: String, works: [ComparedWork])] = []

    /// - Parameters:
    ///   - subject: what is missing, such as `gRPC C++ is not measured`.
    ///   - work: where; nil for what concerns no work, or all of them.
    mutating func add(_ subject: String, because reason: String, in work: ComparedWork? = nil) {
        let works = work.map { [$0] } ?? []
        if let index = entries.firstIndex(where: { $0.subject == subject && $0.reason == reason }) {
            for work in works where !entries[index].works.contains(work) { entries[index].works.append(work) }
        } else {
            entries.append((subject, reason, works))
        }
    }

    var lines: [String] {
        entries.map { subject, reason, works in
            let named = works.isEmpty ? "" : " (\(works.map(\.rawValue).joined(separator: ", ")))"
            return "\(subject)\(named): \(reason)"
        }
    }
}
