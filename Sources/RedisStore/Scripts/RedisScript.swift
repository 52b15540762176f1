// What Redis does for us in one step. Each script touches the keys that it is given and no others, all of one slot.
//
// Times are microseconds since 1970 by Redis's own clock, which is one for all replicas of this program. They travel as
// texts: Lua's numbers are doubles, exact up to 2^53, which microseconds reach in the year 2255.
//
// Every script reads all that it needs before it writes, so that a key of a wrong type fails it before anything
// changed.

/// The scripts, by name.
enum RedisScript: String, Sendable, CaseIterable {
    // Locks.
    case acquireLock
    case renewLock
    case releaseLock
    case forceLock
    case inspectLock
    case noteServer
    // Conversations.
    case findTurn
    case loadWindow
    case openTurn
    case appendTurn
    case addMessages
    case describeSession
    case changeSession
    case deleteSession
    case readMessages
    case readForImport
    case dropEntry

    /// How many keys it takes.
    var keyCount: Int {
        switch self {
        case .acquireLock, .renewLock, .releaseLock, .forceLock, .inspectLock, .noteServer, .dropEntry: 1
        case .findTurn, .loadWindow, .describeSession, .changeSession, .readMessages: 2
        case .readForImport: 3
        case .deleteSession, .openTurn: 4
        case .appendTurn, .addMessages: 5
        }
    }

    /// The text in Lua. Its first line makes Redis check before it begins what it would find out in the middle
    /// otherwise: that this is no replica, that there is memory, that there are replicas enough; and that a script
    /// keeps to one slot.
    var text: String { "#!lua flags=\(flags)\n\(body)" }

    /// What frees memory, or needs next to none, works also where there is no more.
    private var flags: String {
        switch self {
        case .inspectLock, .findTurn: "no-writes"
        case .renewLock, .releaseLock, .forceLock, .noteServer, .loadWindow, .describeSession, .deleteSession,
            .readMessages, .readForImport, .dropEntry:
            "allow-oom"
        case .acquireLock, .openTurn, .appendTurn, .addMessages, .changeSession: ""
        }
    }

    private var body: String {
        switch self {
        case .acquireLock: LockScripts.acquire
        case .renewLock: LockScripts.renew
        case .releaseLock: LockScripts.release
        case .forceLock: LockScripts.force
        case .inspectLock: LockScripts.inspect
        case .noteServer: LockScripts.noteServer
        case .findTurn: SessionScripts.findTurn
        case .loadWindow: SessionScripts.loadWindow
        case .openTurn: SessionScripts.openTurn
        case .appendTurn: SessionScripts.appendTurn
        case .addMessages: SessionScripts.addMessages
        case .describeSession: SessionScripts.describe
        case .changeSession: SessionScripts.change
        case .deleteSession: SessionScripts.delete
        case .readMessages: SessionScripts.readMessages
        case .readForImport: SessionScripts.readForImport
        case .dropEntry: SessionScripts.dropEntry
        }
    }
}
