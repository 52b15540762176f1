// MaintenanceService: the store as a whole. One file per method.

internal import ChatEngine
internal import ChatStubs
internal import Synchronization

struct MaintenanceService: MaintenanceServiceMethods {
    let engine: ChatEngine
    let store: StoreChoice
    /// Of a chunk's data: what a loop reads and sums up in less than a millisecond, and half a frame at most.
    let chunkBytes: Int
    let backups = BackupTurn()

    /// As the protocol says.
    private static let chunkBytesMax = 256 * 1024
    /// Of a whole backup: a reader that trickles must not keep the others out, and the copy on the disk, for ever. A
    /// hundred gigabytes at 30 MB a second.
    static let backupTimeMax = Duration.seconds(3600)

    init(engine: ChatEngine, store: StoreChoice, frameBytesMax: Int) {
        self.engine = engine
        self.store = store
        chunkBytes = min(Self.chunkBytesMax, frameBytesMax / 2)
    }
}

/// One backup at a time: each is a second store on the disk. Shared by all loops.
final class BackupTurn: Sendable {
    private let isTaken = Atomic(false)

    /// False when another one has it.
    func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }

    func giveBack() { isTaken.store(false, ordering: .releasing) }
}
