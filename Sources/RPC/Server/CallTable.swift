// Which calls a connection has, and which it may begin. Pure: the connection asks here and acts.
//
// A call has two ends: its answer (one, the first of reply, error, cancellation, deadline) and the return of its task.
// In between, the id is free again for the client while the task still counts against the limit.

internal import Wire

/// The calls of one connection. `Call` is whatever the connection keeps for one.
struct CallTable<Call> {
    private(set) var unanswered: [StreamID: Call] = [:]
    /// Tasks that have not returned, answered or not.
    private(set) var runningCount = 0
    private(set) var isDraining = false
    private var highestID: UInt32 = 0
    /// Of the requests of running tasks.
    private var runningBytes = 0
    private let callsMax: Int
    private let bytesMax: Int

    init(callsMax: Int, bytesMax: Int = .max) {
        self.callsMax = callsMax
        self.bytesMax = bytesMax
    }

    /// What becomes of a request frame.
    enum Admission: Equatable {
        case begin
        case refuse(RPCError)
        /// The id is in use. Two answers on one id would confuse the client, so the running call ends with this error.
        case endRunning(RPCError)
    }

    /// - Parameter bytes: the request frame's payload.
    mutating func request(_ id: StreamID, bytes: Int = 0) -> Admission {
        guard id.isCall else {
            return .refuse(
                RPCError(.invalidArgument, "the stream id \(id) is not for calls; clients number them 1, 3, 5, ..."))
        }
        guard unanswered[id] == nil else {
            return .endRunning(RPCError(.invalidArgument, "the stream id \(id) is in use by an unfinished call"))
        }
        highestID = max(highestID, id.rawValue)
        guard !isDraining else {
            return .refuse(
                RPCError(
                    .unavailable, "the server is shutting down and did not begin this call; send it to another one",
                    reason: "NOT_PROCESSED"))
        }
        guard runningCount < callsMax else {
            return .refuse(
                RPCError(
                    .resourceExhausted,
                    "this connection has \(callsMax) calls in flight, the most allowed; wait for one to end or open "
                        + "another connection",
                    reason: "TOO_MANY_CALLS", info: ["calls_max": String(callsMax)]))
        }
        // A call alone is always let through, or a frame within its limit could be refused for ever.
        guard runningCount == 0 || runningBytes + bytes <= bytesMax else {
            return .refuse(
                RPCError(
                    .resourceExhausted,
                    "the requests in flight on this connection have more than \(bytesMax) bytes, the most allowed; "
                        + "wait for one to end or open another connection",
                    reason: "TOO_MANY_CALLS", info: ["call_bytes_max": String(bytesMax)]))
        }
        return .begin
    }

    /// Notes a call that was admitted and has a task.
    mutating func begin(_ id: StreamID, _ call: Call, bytes: Int = 0) {
        let previous = unanswered.updateValue(call, forKey: id)
        precondition(previous == nil, "a call begins once")
        runningCount += 1
        runningBytes += bytes
    }

    /// Takes the right to answer: false when the call has its answer already, or the id is another call's by now.
    mutating func answer(_ id: StreamID, if isExpected: (Call) -> Bool) -> Bool {
        guard let call = unanswered.removeValue(forKey: id) else { return false }
        if isExpected(call) { return true }
        unanswered[id] = call
        return false
    }

    /// True for a call that can still be written to.
    func isUnanswered(_ id: StreamID) -> Bool { unanswered[id] != nil }

    /// A call's task returned.
    mutating func taskReturned(bytes: Int = 0) {
        precondition(runningCount > 0, "a task returns once")
        runningCount -= 1
        runningBytes -= bytes
    }

    /// True where a data frame came too late: its call has its answer, and a second one would confuse the client.
    func isLate(_ id: StreamID) -> Bool { unanswered[id] == nil && id.isCall && id.rawValue <= highestID }

    /// What becomes of a data frame: our methods take one request message, so only its empty end is welcome, late or
    /// not.
    func data(_ id: StreamID, isEmptyEnd: Bool) -> RPCError? {
        if isEmptyEnd || isLate(id) { return nil }
        return RPCError(.invalidArgument, "this method takes one request message, in the request frame")
    }

    mutating func drain() { isDraining = true }

    var isIdle: Bool { runningCount == 0 }

    /// Empties the table, for a connection that is gone.
    mutating func takeAll() -> [Call] {
        defer { unanswered = [:] }
        return Array(unanswered.values)
    }
}
