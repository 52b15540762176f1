// A power failure, carried out on the files of a database whose process has ended: changes that no sync has made
// durable are taken back, in ways that real disks do. WriteLog says which those are.

import EngineConformance
import Glibc

/// What survives of the changes that were not synced.
enum CutStyle: String, CaseIterable, Sendable {
    /// All of them: only the process died.
    case keepsAll
    /// None of them.
    case dropsAll
    /// Those before some moment.
    case dropsNewest
    /// Any of them, in any order; of some writes only some sectors.
    case dropsSome
}

struct PowerCut {
    /// The database; its -wal and -journal lie beside it.
    let database: String
    /// The log of the process, or of several one after the other.
    let log: String

    /// What a cut did.
    struct Outcome: Sendable {
        /// Changes that no sync had made durable.
        var pending = 0
        var dropped = 0
        /// Writes of which only some sectors are left.
        var torn = 0
    }

    /// The unit that disks write as a whole, in bytes.
    private static let sectorBytes = 512

    /// One file, from its creation or the log's beginning to its removal.
    private struct Generation {
        var file: WriteLog.File
        var path: String
        /// Numbers of records that no sync has made durable.
        var pending: [Int] = []
    }
    /// Creations and removals that no sync of the folder has made durable, in order.
    private enum FolderChange {
        case created(generation: Int, record: Int)
        case unlinked(generation: Int, record: Int)
        var record: Int {
            switch self {
            case .created(_, let record), .unlinked(_, let record): record
            }
        }
    }
    private struct State {
        var generations: [Generation] = []
        var current: [WriteLog.File: Int] = [:]
        var folder: [FolderChange] = []
    }

    /// Cuts the power. What is left is durable then, and the log empty.
    func apply(_ style: CutStyle, using random: inout SeededGenerator) throws -> Outcome {
        let records = try WriteLog(path: log).records
        var state = replay(records)
        let folderRecords = state.folder.map(\.record)
        let pending = state.generations.flatMap(\.pending).sorted()
        var outcome = Outcome()
        outcome.pending = pending.count + folderRecords.count

        var dropped: Set<Int> = []
        var torn: Set<Int> = []
        switch style {
        case .keepsAll: break
        case .dropsAll: dropped = Set(pending + folderRecords)
        case .dropsNewest:
            let all = (pending + folderRecords).sorted()
            dropped = Set(all.dropFirst(Int.random(in: 0...all.count, using: &random)))
        case .dropsSome:
            for number in pending {
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1: dropped.insert(number)
                case 2: if records[number].newBytes.count > Self.sectorBytes { torn.insert(number) }
                default: break
                }
            }
            // File systems keep the order of creations and removals.
            dropped.formUnion(folderRecords.dropFirst(Int.random(in: 0...folderRecords.count, using: &random)))
        }
        for generation in state.generations {
            try restore(generation, records, without: dropped, torn: torn, using: &random)
        }
        try restoreFolder(&state, without: dropped)
        outcome.dropped = dropped.count
        outcome.torn = torn.count
        try forget()
        return outcome
    }

    /// Takes all that is there for durable, as if the kernel had written everything back in the meantime.
    func forget() throws {
        for record in try WriteLog(path: log).records where record.kind == .unlink {
            unlink(secondName(record))
        }
        try FileBytes.write([], to: log)
    }

    /// Cuts off what a process began to log when it was killed, so that the next one can go on.
    func repairLog() throws {
        let bytes = try WriteLog(path: log).wholeBytes
        guard FileBytes.exists(log), truncate(log, off_t(bytes)) != 0 else { return }
        throw FileBytes.Failure("truncate", log)
    }

    private func path(of file: WriteLog.File) -> String {
        switch file {
        case .database: database
        case .wal: database + "-wal"
        case .journal: database + "-journal"
        case .none, .directory, .accepted: preconditionFailure("\(file) is not a file of the database")
        }
    }

    private func secondName(_ record: WriteLog.Record) -> String { "\(log).unlinked-\(record.offset)" }

    // MARK: What is pending

    private func replay(_ records: [WriteLog.Record]) -> State {
        var state = State()
        for (number, record) in records.enumerated() {
            switch record.kind {
            case .create:
                state.generations.append(Generation(file: record.file, path: path(of: record.file)))
                state.current[record.file] = state.generations.count - 1
                state.folder.append(.created(generation: state.generations.count - 1, record: number))
            case .write, .truncate: state.generations[current(record.file, &state)].pending.append(number)
            case .sync: state.generations[current(record.file, &state)].pending = []
            case .directorySync: state.folder = []
            case .unlink:
                let second = secondName(record)
                // The process was killed before it did what it had logged.
                if FileBytes.areSame(second, path(of: record.file)) { continue }
                let generation = current(record.file, &state)
                state.generations[generation].path = second
                state.current[record.file] = nil
                state.folder.append(.unlinked(generation: generation, record: number))
            case .start, .reply, .skippedSync: break
            }
        }
        return state
    }

    /// The file that has the name now; one that is older than the log when nothing is known of it.
    private func current(_ file: WriteLog.File, _ state: inout State) -> Int {
        if let number = state.current[file] { return number }
        state.generations.append(Generation(file: file, path: path(of: file)))
        state.current[file] = state.generations.count - 1
        return state.generations.count - 1
    }

    // MARK: Taking back

    /// Undoes all pending changes of a file, newest first, and does those again that survive.
    private func restore(
        _ generation: Generation, _ records: [WriteLog.Record], without dropped: Set<Int>, torn: Set<Int>,
        using random: inout SeededGenerator
    ) throws {
        let path = generation.path
        guard generation.pending.contains(where: { dropped.contains($0) || torn.contains($0) }) else { return }
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return }
        guard descriptor >= 0 else { throw FileBytes.Failure("open", path) }
        defer { close(descriptor) }
        for number in generation.pending.reversed() {
            let record = records[number]
            try FileBytes.write(record.oldBytes, at: record.offset, of: descriptor, path)
            guard ftruncate(descriptor, off_t(record.oldSize)) == 0 else { throw FileBytes.Failure("truncate", path) }
        }
        for number in generation.pending where !dropped.contains(number) {
            let record = records[number]
            if record.kind == .truncate {
                guard ftruncate(descriptor, off_t(record.offset)) == 0 else {
                    throw FileBytes.Failure("truncate", path)
                }
            } else if torn.contains(number) {
                try writeSomeSectors(record, to: descriptor, path, using: &random)
            } else {
                try FileBytes.write(record.newBytes, at: record.offset, of: descriptor, path)
            }
        }
    }

    private func writeSomeSectors(
        _ record: WriteLog.Record, to descriptor: Int32, _ path: String, using random: inout SeededGenerator
    ) throws {
        var offset = record.offset
        var rest = record.newBytes
        while !rest.isEmpty {
            let sector = rest.prefix(Self.sectorBytes - offset % Self.sectorBytes)
            if Bool.random(using: &random) { try FileBytes.write(sector, at: offset, of: descriptor, path) }
            offset += sector.count
            rest = rest.dropFirst(sector.count)
        }
    }

    private func restoreFolder(_ state: inout State, without dropped: Set<Int>) throws {
        for change in state.folder.reversed() where dropped.contains(change.record) {
            switch change {
            case .created(let generation, _): unlink(state.generations[generation].path)
            case .unlinked(let generation, _):
                let name = path(of: state.generations[generation].file)
                guard rename(state.generations[generation].path, name) == 0 else {
                    throw FileBytes.Failure("rename", state.generations[generation].path)
                }
                state.generations[generation].path = name
            }
        }
    }
}
