// A second check beside the search, so simple that it needs no trust: fences of a key grow.

package enum FenceCheck {
    private struct Grant {
        var calledAt: Int64
        var returnedAt: Int64
        var fence: UInt64
        var holder: String
    }

    /// What is wrong, a sentence for each: a lease that was granted before another was asked for has a smaller fence,
    /// and no two holders have the same one.
    package static func findings(_ history: [LockOperation]) -> [String] {
        Dictionary(grouping: history, by: \.key).sorted { $0.key < $1.key }.flatMap { key, operations in
            findings(key, operations.compactMap(grant))
        }
    }

    private static func grant(_ operation: LockOperation) -> Grant? {
        guard case .acquire(let holder) = operation.request, case .granted(let fence, _) = operation.outcome,
            let returnedAt = operation.returnedAt
        else { return nil }
        return Grant(calledAt: operation.calledAt, returnedAt: returnedAt, fence: fence, holder: holder)
    }

    private static func findings(_ key: String, _ grants: [Grant]) -> [String] {
        var findings: [String] = []
        var holders: [UInt64: String] = [:]
        for grant in grants {
            if let other = holders[grant.fence], other != grant.holder {
                findings.append("\(key): \(other) and \(grant.holder) both have fence \(grant.fence)")
            }
            holders[grant.fence] = grant.holder
        }
        var returned = grants.sorted { $0.returnedAt < $1.returnedAt }[...]
        var greatest: Grant?
        for grant in grants.sorted(by: { $0.calledAt < $1.calledAt }) {
            while let earlier = returned.first, earlier.returnedAt < grant.calledAt {
                returned = returned.dropFirst()
                if earlier.fence > greatest?.fence ?? 0 { greatest = earlier }
            }
            // The same holder may ask again and gets the same fence.
            if let greatest, greatest.fence > grant.fence {
                findings.append(
                    "\(key): \(grant.holder) got fence \(grant.fence) after \(greatest.holder) had \(greatest.fence)")
            }
        }
        return findings
    }
}
