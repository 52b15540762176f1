// The loop: a serial Dispatch queue with one source, its own epoll. Sockets, timers and jobs of one loop run on one
// thread at a time, in bounded passes: sockets that were left over, kernel events (the inbox among them) each with its
// jobs, timers, flushes.
//
// How a pass comes about: the DispatchSource sees the epoll descriptor readable and runs `drain` on the queue. `drain`
// makes passes until nothing is left, then lingers in epoll_wait for a moment, then returns the thread to Dispatch.
// Other threads append to the inbox and write the eventfd, which is in the epoll set; they never use `queue.async`,
// which would wait for the drain to end.

internal import CLinux
internal import DequeModule
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Something that a loop tells about kernel events. On the loop only.
package protocol LoopEventHandler: AnyObject {
    func ready(_ events: LoopEvents)
}

/// What the kernel says of a descriptor.
package struct LoopEvents: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = LoopEvents(rawValue: EPOLLIN.rawValue)
    package static let writable = LoopEvents(rawValue: EPOLLOUT.rawValue)
    package static let peerClosed = LoopEvents(rawValue: EPOLLRDHUP.rawValue)
    package static let hangup = LoopEvents(rawValue: EPOLLHUP.rawValue)
    package static let error = LoopEvents(rawValue: EPOLLERR.rawValue)
    /// The connection is of no more use.
    package static let broken = LoopEvents(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    package static let readableOrWritable = LoopEvents(rawValue: EPOLLIN.rawValue | EPOLLOUT.rawValue)
    /// One event per change of state instead of one per pass.
    package static let edgeTriggered = LoopEvents(rawValue: EPOLLET.rawValue)
}

/// A descriptor's place in a loop's epoll set. Stale ones, of descriptors that left, are recognised and ignored.
package struct LoopRegistration: Sendable, Equatable {
    fileprivate let slot: UInt32
    fileprivate let generation: UInt32
    package let descriptor: Int32

    fileprivate var datum: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// Something that collects output during a pass and writes it at the pass's end, in one system call.
package protocol LoopFlushable: AnyObject {
    func flush()
}

/// A loop. It is the executor of every actor that lives on it.
///
/// `execute`, `schedule` and the executor's faces may be called from any thread; everything else traps outside the
/// loop.
package final class IOLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Because the members under "loop only" are touched by the drain alone, which runs on one serial queue,
    // and every entry point checks that with `preconditionOnLoop`; the inbox has its own lock.

    // MARK: Set once, then read from anywhere

    package let label: String
    private let queue: DispatchQueue
    private let source: any DispatchSourceRead
    private let epoll: Int32
    private let wakeUp: Int32
    private let timer: Int32
    /// Timers count nanoseconds from here.
    private let origin = ContinuousClock.now

    // MARK: Any thread

    private struct Inbox {
        var work: [Work] = []
        /// True while a wake-up is on its way, so that a burst writes the eventfd once.
        var isSignalled = false
    }
    private let inbox = Mutex(Inbox())

    // MARK: Loop only

    private enum Work: Sendable {
        case job(UnownedJob)
        case block(@Sendable () -> Void)
    }
    private struct Slot {
        var generation: UInt32 = 0
        var handler: (any LoopEventHandler)?
        /// What to serve in the next pass; empty unless the slot is on the ready list.
        var readyEvents: LoopEvents = []
    }
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var work = Deque<Work>()
    private var ready: [LoopRegistration] = []
    private var flushes: [any LoopFlushable] = []
    private var timers = TimerHeap()
    /// Executor jobs since the start. A call that never leaves its actor and never waits takes one, which a test holds.
    package private(set) var jobsRun = 0
    private var buffers: [[UInt8]] = []
    private var armedNanoseconds = Int64.max
    private var cachedNow: ContinuousClock.Instant?
    private let events: UnsafeMutableBufferPointer<epoll_event>
    /// What every socket of this loop reads into. Its contents live until the next read.
    let scratch: UnsafeMutableRawBufferPointer
    private static let wakeUpDatum = UInt64.max
    private static let timerDatum = UInt64.max - 1

    /// Starts a loop. It lives as long as the process: loops are few and made once.
    ///
    /// - Throws: `SystemError` when the system has no descriptor left.
    package init(label: String) throws(SystemError) {
        clinux_ignore_sigpipe()
        self.label = label
        queue = DispatchQueue(label: label, qos: .userInitiated)
        let epoll = OwnedDescriptor(
            try SystemCalls.checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        let wakeUp = OwnedDescriptor(try SystemCalls.checked("eventfd") { clinux_eventfd() })
        let timer = OwnedDescriptor(try SystemCalls.checked("timerfd_create") { clinux_timerfd() })
        let set = epoll.number
        for (descriptor, datum) in [(wakeUp.number, Self.wakeUpDatum), (timer.number, Self.timerDatum)] {
            try SystemCalls.checked("epoll_ctl") {
                clinux_epoll_control(set, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue, datum)
            }
        }
        self.epoll = epoll.release()
        self.wakeUp = wakeUp.release()
        self.timer = timer.release()
        events = UnsafeMutableBufferPointer.allocate(capacity: LoopLimits.eventsPerPass)
        scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: LoopLimits.scratchBytes, alignment: 64)
        // Last: nothing may throw once there is a source, which must not be released before it is active.
        source = DispatchSource.makeReadSource(fileDescriptor: self.epoll, queue: queue)
        // The loop is never torn down, so the cycle through the source's handler is meant.
        source.setEventHandler { [self] in drain() }
        source.activate()
    }

    // MARK: Which loop is this?

    /// The loop that runs on this thread, if any.
    package static var current: IOLoop? {
        guard let pointer = clinux_current_loop() else { return nil }
        return Unmanaged<IOLoop>.fromOpaque(pointer).takeUnretainedValue()
    }

    @inline(__always)
    package var isCurrent: Bool {
        clinux_current_loop() == Unmanaged.passUnretained(self).toOpaque()
    }

    @inline(__always)
    package func preconditionOnLoop() {
        precondition(isCurrent, "this may only be called on its loop")
    }

    /// The time, read at most once per pass. Loop only.
    package var now: ContinuousClock.Instant {
        preconditionOnLoop()
        if let cachedNow { return cachedNow }
        let now = ContinuousClock.now
        cachedNow = now
        return now
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            work.append(.job(job))
        } else {
            send(.job(job))
        }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    package func checkIsolated() { preconditionOnLoop() }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// Runs `block` on the loop, soon. From any thread.
    package func execute(_ block: @escaping @Sendable () -> Void) {
        if isCurrent {
            work.append(.block(block))
        } else {
            send(.block(block))
        }
    }

    private func send(_ item: Work) {
        let mustSignal = inbox.withLock { inbox in
            inbox.work.append(item)
            if inbox.isSignalled { return false }
            inbox.isSignalled = true
            return true
        }
        if mustSignal {
            var one: UInt64 = 1
            // An eventfd only refuses at 2^64 - 2 pending signals; there is at most one.
            _ = write(wakeUp, &one, 8)
        }
    }

    // MARK: Descriptors (loop only)

    /// Watches a descriptor, which stays the caller's. It must be deregistered before it is closed.
    package func register(
        _ descriptor: Int32, for interest: LoopEvents, handler: any LoopEventHandler
    ) throws(SystemError) -> LoopRegistration {
        preconditionOnLoop()
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        let registration = LoopRegistration(
            slot: slot, generation: slots[Int(slot)].generation, descriptor: descriptor)
        slots[Int(slot)].handler = handler
        do {
            try SystemCalls.checked("epoll_ctl") {
                clinux_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, interest.rawValue, registration.datum)
            }
        } catch {
            release(registration)
            throw error
        }
        return registration
    }

    /// Changes what is watched for.
    package func modify(_ registration: LoopRegistration, for interest: LoopEvents) throws(SystemError) {
        preconditionOnLoop()
        precondition(handler(registration) != nil, "the descriptor is not registered any more")
        try SystemCalls.checked("epoll_ctl") {
            clinux_epoll_control(
                epoll, EPOLL_CTL_MOD, registration.descriptor, interest.rawValue, registration.datum)
        }
    }

    /// Stops watching. Events that are already in this pass's batch are dropped.
    package func deregister(_ registration: LoopRegistration) {
        preconditionOnLoop()
        guard handler(registration) != nil else { return }
        // A descriptor that its owner closed too early is out of the set already; that is checked in debug builds only.
        let result = clinux_epoll_control(epoll, EPOLL_CTL_DEL, registration.descriptor, 0, 0)
        assert(result == 0, "a descriptor was closed before it left the epoll set")
        release(registration)
    }

    /// Serves the handler again in the next pass: for an edge-triggered socket that was stopped before EAGAIN, since no
    /// new edge will come.
    package func markReady(_ registration: LoopRegistration, _ events: LoopEvents) {
        preconditionOnLoop()
        guard handler(registration) != nil else { return }
        let slot = Int(registration.slot)
        // Once on the list: a busy socket that exhausts its budget twice in a pass would gain turns on its neighbours.
        if slots[slot].readyEvents.isEmpty { ready.append(registration) }
        slots[slot].readyEvents.formUnion(events)
    }

    /// Calls `flush` at the end of this pass. The caller sees to it that it is asked for once.
    @inline(__always)
    package func flushAtEndOfPass(_ flushable: any LoopFlushable) {
        preconditionOnLoop()
        flushes.append(flushable)
    }

    private func handler(_ registration: LoopRegistration) -> (any LoopEventHandler)? {
        let slot = slots[Int(registration.slot)]
        return slot.generation == registration.generation ? slot.handler : nil
    }

    private func release(_ registration: LoopRegistration) {
        slots[Int(registration.slot)].handler = nil
        slots[Int(registration.slot)].readyEvents = []
        slots[Int(registration.slot)].generation &+= 1
        freeSlots.append(registration.slot)
    }

    // MARK: Buffers (loop only)

    /// An empty buffer with room in it, for a stream that has something to write.
    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    /// Takes a written-out buffer back, so that busy streams share a few warm ones and idle streams own none.
    func giveBack(_ buffer: inout [UInt8]) {
        if buffer.capacity > 0, buffers.count < LoopLimits.pooledBuffersMax,
            buffer.capacity <= LoopLimits.pooledBufferBytesMax
        {
            buffer.removeAll(keepingCapacity: true)
            buffers.append(buffer)
        }
        buffer = []
    }

    // MARK: Timers

    /// Runs `body` on the loop at `deadline`, or as soon after as the loop gets to it. From any thread.
    package func schedule(at deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        let timer = LoopTimer(loop: self, fireNanoseconds: nanoseconds(of: deadline), body: body)
        if isCurrent {
            timers.insert(timer.entry)
        } else {
            execute {
                if timer.entry.body != nil { self.timers.insert(timer.entry) }
            }
        }
        return timer
    }

    fileprivate func cancel(_ timer: LoopTimer) {
        if isCurrent {
            timer.entry.body = nil
            timers.remove(timer.entry)
        } else {
            execute { self.cancel(timer) }
        }
    }

    private func nanoseconds(of instant: ContinuousClock.Instant) -> Int64 {
        let span = instant - origin
        // The past is due now, centuries ahead means never; half the range leaves room for sums.
        if span <= .zero { return 0 }
        if span >= .nanoseconds(Int64.max / 2) { return Int64.max / 2 }
        let (seconds, attoseconds) = span.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    // MARK: The drain (loop only)

    private func drain() {
        clinux_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
        defer { clinux_set_current_loop(nil) }
        var timeout: Int32 = 0
        while true {
            let count = epoll_wait(epoll, events.baseAddress, Int32(LoopLimits.eventsPerPass), timeout)
            if count <= 0, timeout != 0, errno != EINTR || count == 0 { return }
            cachedNow = nil
            pass(eventCount: max(0, Int(count)))
            timeout = hasWork ? 0 : LoopLimits.lingerMilliseconds
        }
    }

    private var hasWork: Bool { !work.isEmpty || !ready.isEmpty || !flushes.isEmpty }

    private func pass(eventCount: Int) {
        if !ready.isEmpty { serveReady() }
        for index in 0..<eventCount {
            dispatch(events[index])
            // Jobs run right after the event that made them, while what they touch is warm.
            runJobs(LoopLimits.jobsPerTurn)
        }
        runJobs(LoopLimits.jobsPerPass)
        fireTimers()
        if !flushes.isEmpty { flushAll() }
        armTimer()
    }

    private func runJobs(_ most: Int) {
        var left = most
        while left > 0, let item = work.popFirst() {
            run(item)
            left -= 1
        }
    }

    @inline(__always)
    private func dispatch(_ event: epoll_event) {
        let datum = event.data.u64
        switch datum {
        case Self.wakeUpDatum:
            takeInbox()
        case Self.timerDatum:
            var expirations: UInt64 = 0
            _ = read(timer, &expirations, 8)
            armedNanoseconds = .max
        default:
            let slot = slots[Int(UInt32(truncatingIfNeeded: datum))]
            guard slot.generation == UInt32(truncatingIfNeeded: datum >> 32), let handler = slot.handler else { return }
            let events = LoopEvents(rawValue: event.events)
            guard slot.readyEvents.isEmpty else {
                // It had its turn in this pass; the next one tells it all.
                slots[Int(UInt32(truncatingIfNeeded: datum))].readyEvents.formUnion(events)
                return
            }
            handler.ready(events)
        }
    }

    private func takeInbox() {
        var count: UInt64 = 0
        // The eventfd is read before the flag falls: a later sender then writes it again, so no item waits unseen.
        _ = read(wakeUp, &count, 8)
        var items: [Work] = []
        inbox.withLock { inbox in
            swap(&items, &inbox.work)
            inbox.isSignalled = false
        }
        work.append(contentsOf: items)
    }

    private func serveReady() {
        var batch: [LoopRegistration] = []
        swap(&batch, &ready)
        for registration in batch {
            guard let handler = handler(registration) else { continue }
            let events = slots[Int(registration.slot)].readyEvents
            slots[Int(registration.slot)].readyEvents = []
            handler.ready(events)
            runJobs(LoopLimits.jobsPerTurn)
        }
        batch.removeAll(keepingCapacity: true)
        if ready.isEmpty { swap(&batch, &ready) }
    }

    @inline(__always)
    private func run(_ item: Work) {
        switch item {
        case .job(let job):
            jobsRun &+= 1
            // With both executors. A task that prefers this loop, as a server's calls do, then runs on without another
            // job, and its continuations resume here at once; one that came from elsewhere takes a few more jobs, but
            // stays here too where it would be resumed through the global executor otherwise: 15 us a wait instead of
            // 2.
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        case .block(let block):
            block()
        }
    }

    private func fireTimers() {
        guard !timers.isEmpty else { return }
        let now = nanoseconds(of: self.now)
        var left = LoopLimits.timersPerPass
        while left > 0, let entry = timers.popDue(atNanoseconds: now) {
            let body = entry.body
            entry.body = nil
            body?()
            left -= 1
        }
    }

    /// Last in a pass, since anything before may schedule; a later deadline leaves the earlier alarm, which does no
    /// harm.
    private func armTimer() {
        guard let next = timers.earliestNanoseconds, next < armedNanoseconds else { return }
        armedNanoseconds = next
        // At least a nanosecond: zero would disarm it.
        _ = clinux_timerfd_arm(timer, max(1, next - nanoseconds(of: now)))
    }

    private func flushAll() {
        // A flush may ask for another one, for the next pass at the latest.
        var batch: [any LoopFlushable] = []
        swap(&batch, &flushes)
        for item in batch { item.flush() }
        batch.removeAll(keepingCapacity: true)
        if flushes.isEmpty { swap(&batch, &flushes) }
    }
}

/// A scheduled block. Released timers still fire; cancelled ones do not.
package final class LoopTimer: @unchecked Sendable {
    // Because the entry is touched on its loop only, once `schedule` returned.
    private let loop: IOLoop
    fileprivate let entry: TimerEntry

    fileprivate init(loop: IOLoop, fireNanoseconds: Int64, body: @escaping () -> Void) {
        self.loop = loop
        self.entry = TimerEntry(fireNanoseconds: fireNanoseconds, body: body)
    }

    /// Keeps the timer from firing. From any thread; on the loop it takes effect at once, elsewhere soon.
    package func cancel() { loop.cancel(self) }
}
