// The table of callers' locks: its statements, and a lease as it is stored. On the store's queue.

internal import ChatEngine

final class LeaseStatements {
    let put: SQLStatement
    let delete: SQLStatement
    let unexpired: SQLStatement
    let raiseFence: SQLStatement
    let lastFence: SQLStatement

    init(_ database: OpaquePointer) throws(SQLiteFailure) {
        put = try SQLStatement(
            database,
            """
            INSERT OR REPLACE INTO lease
                (owner, name, token, fence, owner_label, acquired_at, time_to_live, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        delete = try SQLStatement(database, "DELETE FROM lease WHERE owner = ? AND name = ?")
        unexpired = try SQLStatement(
            database,
            """
            SELECT owner, name, token, fence, owner_label, acquired_at, time_to_live, expires_at
            FROM lease WHERE expires_at > ?
            """)
        raiseFence = try SQLStatement(database, "UPDATE last_fence SET fence = ?1 WHERE fence < ?1")
        lastFence = try SQLStatement(database, "SELECT fence FROM last_fence")
    }
}

extension StoreConnection {
    func write(_ changes: [LeaseChange]) throws(SQLiteFailure) {
        for change in changes {
            switch change {
            case .held(let lease):
                try leases.put.run(
                    lease.key.owner, lease.key.name, lease.token.value, lease.fence, lease.ownerLabel,
                    lease.acquiredAtMicroseconds, lease.timeToLive.microseconds, lease.expiresAtMicroseconds)
                try leases.raiseFence.run(lease.fence)
            case .free(let key): try leases.delete.run(key.owner, key.name)
            }
        }
    }

    /// The leases that have not ended, and the greatest fence of all that ever were.
    func readLeases(at wall: Int64) throws(SQLiteFailure) -> (leases: [LeaseRecord], lastFence: UInt64) {
        var records: [LeaseRecord] = []
        try leases.unexpired.forEach(wall) { row in
            records.append(
                LeaseRecord(
                    key: LockKey(.service, owner: row.text(0), name: row.text(1)), token: LockToken(row.text(2)),
                    fence: UInt64(bitPattern: row.integer(3)), ownerLabel: row.text(4),
                    acquiredAtMicroseconds: row.integer(5), timeToLive: .microseconds(row.integer(6)),
                    expiresAtMicroseconds: row.integer(7)))
            return true
        }
        let fence = try leases.lastFence.first { $0.integer(0) } ?? 0
        return (records, UInt64(bitPattern: fence))
    }
}
