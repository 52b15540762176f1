// The cases of ../cases.json, with the Swift client. Each does what its `steps` say.

import ChatClient

extension Case {
    static let all: [String: @Sendable (Case) async throws -> Void] = [
        "echo": { try await $0.echo() }, "many-at-once": { try await $0.manyAtOnce() },
        "chat": { try await $0.chat() }, "chat-again": { try await $0.chatAgain() },
        "stream": { try await $0.stream() }, "sessions": { try await $0.sessions() },
        "pages": { try await $0.pages() }, "lock": { try await $0.lock() },
        "lock-taken": { try await $0.lockTaken() }, "lock-kept": { try await $0.lockKept() },
        "lock-lost": { try await $0.lockLost() }, "deadline": { try await $0.deadline() },
        "deadline-stream": { try await $0.deadlineStream() }, "deadline-silence": { try await $0.deadlineSilence() },
        "cancel": { try await $0.cancel() }, "cancel-stream": { try await $0.cancelStream() },
        "cancel-turn": { try await $0.cancelTurn() }, "killed": { try await $0.killed() },
        "reconnect": { try await $0.reconnect() }, "retry": { try await $0.retry() },
        "nobody-there": { try await $0.nobodyThere() }, "several-addresses": { try await $0.severalAddresses() },
        "drain": { try await $0.drain() }, "unix-socket": { try await $0.chat() },
        "oversize": { try await $0.oversize() }, "bad-session-id": { try await $0.badSessionID() },
        "not-found": { try await $0.notFound() }, "switched-off": { try await $0.switchedOff() },
        "session-busy": { try await $0.sessionBusy() }, "model-refuses": { try await $0.modelRefuses() },
        "slow-reader": { try await $0.slowReader() }, "closed": { try await $0.closed() },
    ]

    /// Cases that this library cannot express, and why.
    static let skipped = ["bad-utf8": "a Swift String is always UTF-8"]

    // MARK: Happy paths

    private func echo() async throws {
        let client = try client()
        for count in [0, 1000, 900_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            try check(try await client.echo(bytes) == bytes, "\(count) bytes came back otherwise")
        }
    }

    private func manyAtOnce() async throws {
        let client = try client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let bytes = Array("echo \(number)".utf8)
                    try check(try await client.echo(bytes) == bytes, "another's bytes came back")
                }
            }
            try await group.waitForAll()
        }
    }

    private func chat() async throws {
        let reply = try await client().chat("hello", sessionID: "s")
        try check(reply.text == "alpha beta gamma" && reply.sessionID == "s", "\(reply)")
        try check(!reply.turnID.isEmpty && !reply.replayed, "\(reply)")
    }

    private func chatAgain() async throws {
        let client = try client()
        let request = ChatRequest(message: "hello", sessionID: "s", turnID: "t")
        try check(try await !client.chat(request).replayed, "the first is replayed")
        try check(try await client.chat(request).replayed, "the second is not replayed")
        try check(try await client.session("s").messageCount == 2, "it is not stored once")
    }

    private func stream() async throws {
        var kinds: [String] = []
        var text = ""
        for try await event in try client().streamChat("hello", sessionID: "s") {
            switch event {
            case .started: kinds.append("started")
            case .text(let piece): text += piece
            case .finished: kinds.append("finished")
            default: break
            }
        }
        try check(kinds == ["started", "finished"] && text == "alpha beta gamma", "\(kinds) \(text)")
    }

    private func sessions() async throws {
        let client = try client()
        for id in ["s1", "s2", "s1"] { _ = try await client.chat("hello", sessionID: id) }
        let ids = try await client.listSessions().sessions.map(\.id)
        try check(ids == ["s1", "s2"], "\(ids)")
        _ = try await client.updateSession("s2", title: "new")
        try check(try await client.session("s2").title == "new", "it is not renamed")
        try check(try await client.deleteSession("s2"), "it was not there")
        try check(try await !client.deleteSession("s2"), "it is still there")
        let messages = try await client.listMessages(sessionID: "s1").messages
        try check(messages.count == 4 && messages[0].role == .user && messages[0].text == "hello", "\(messages.count)")
    }

    private func pages() async throws {
        let client = try client()
        for number in 0..<5 { _ = try await client.chat("hello", sessionID: "s\(number)") }
        var (ids, pages, token) = (Set<String>(), 0, "")
        repeat {
            let page = try await client.listSessions(pageToken: token, pageSize: 2)
            ids.formUnion(page.sessions.map(\.id))
            token = page.nextPageToken
            pages += 1
        } while !token.isEmpty
        try check(ids.count == 5 && pages == 3, "\(ids.count) sessions, \(pages) pages")
    }

    // MARK: Locks

    private func lock() async throws {
        let client = try client()
        let first = try await client.acquireLock("k")
        _ = try await client.renewLock("k", token: first.token)
        try await client.releaseLock("k", token: first.token)
        let second = try await client.acquireLock("k")
        try check(second.fence > first.fence, "the fence did not grow")
        try await client.releaseLock("k", token: second.token)
        try await failure("FAILED_PRECONDITION LOST") { try await client.releaseLock("k", token: second.token) }
    }

    private func lockTaken() async throws {
        let client = try client()
        let first = try await client.acquireLock("k")
        try await failure("ABORTED NOT_ACQUIRED") { _ = try await client.acquireLock("k") }
        async let second = client.acquireLock("k", wait: .seconds(10))
        try await client.releaseLock("k", token: first.token)
        try check(try await second.fence > first.fence, "the fence did not grow")
    }

    private func lockKept() async throws {
        let client = try client()
        try await client.withLock("k", ttl: .milliseconds(300)) { lock in
            try await Task.sleep(for: .seconds(1))
            guard lock.isHeld else { throw Failed(description: "it was not kept") }
        }
        _ = try await client.acquireLock("k")
    }

    private func lockLost() async throws {
        let client = try client()
        try await failure("FAILED_PRECONDITION LOST", within: .seconds(10)) {
            try await client.withLock("k", ttl: .seconds(1)) { _ in
                try order("kill 1")
                try order("start 1")
                try await Task.sleep(for: .seconds(5))
            }
        }
    }

    // MARK: Deadlines and cancellation

    private func deadline() async throws {
        try await failure("DEADLINE_EXCEEDED", atLeast: .milliseconds(250), within: .seconds(2)) {
            try await chat(client(), session: "s", timeout: .milliseconds(300))
        }
    }

    private func deadlineStream() async throws {
        var text = ""
        try await failure("DEADLINE_EXCEEDED", within: .seconds(2)) {
            let options = ChatCallOptions(timeout: .milliseconds(500))
            for try await event in try client().streamChat("hello", sessionID: "s", options: options) {
                if case .text(let piece) = event { text += piece }
            }
        }
        try check(text == "one two", text)
    }

    private func deadlineSilence() async throws {
        let client = try client()
        try order("pause 1")
        try await failure("DEADLINE_EXCEEDED", within: .seconds(2)) {
            try await chat(client, session: "s", timeout: .milliseconds(500))
        }
        try order("continue 1")
        try await chat(client, session: "s", timeout: .seconds(10))
    }

    private func cancel() async throws {
        let client = try client()
        let task = Task { try await client.chat("hello", sessionID: "s") }
        try await untilBusy(client)
        task.cancel()
        try await failure("CANCELLED") { _ = try await task.value }
        try await untilFree(client)
    }

    private func cancelStream() async throws {
        let client = try client()
        for try await event in client.streamChat("hello", sessionID: "s") {
            // Leaving is cancelling.
            if case .text = event { break }
        }
        try await untilFree(client)
    }

    private func cancelTurn() async throws {
        let client = try client()
        try await failure("CANCELLED TURN_CANCELLED") {
            let request = ChatRequest(message: "hello", sessionID: "s", turnID: "t")
            for try await event in client.streamChat(request) {
                guard case .text(let piece) = event, piece.hasPrefix("one") else { continue }
                try check(try await client.cancelTurn("t", sessionID: "s") == .cancelled, "it was not cancelled")
            }
        }
    }

    // MARK: Servers that go

    private func killed() async throws {
        let client = try client()
        try await failure("UNAVAILABLE", within: .seconds(6)) {
            for try await event in client.streamChat("hello", sessionID: "s") {
                if case .text(let piece) = event, piece.hasPrefix("one") { try order("kill 1") }
            }
        }
        try await failure("UNAVAILABLE", "DEADLINE_EXCEEDED") {
            try await chat(client, session: "s", timeout: .seconds(2))
        }
    }

    private func reconnect() async throws {
        let client = try client()
        try await chat(client, session: "s", timeout: .seconds(10))
        try order("kill 1")
        try order("start 1")
        try await chat(client, session: "s", timeout: .seconds(10))
    }

    private func retry() async throws {
        let client = try client()
        async let reply = client.chat("hello", sessionID: "s", options: ChatCallOptions(timeout: .seconds(30)))
        try await Task.sleep(for: .milliseconds(500))
        try order("kill 1")
        try order("start 1")
        try check(try await reply.text == "one two three four five", "another answer")
        try check(try await client.session("s").messageCount == 2, "it is not stored once")
    }

    private func nobodyThere() async throws {
        try order("kill 1")
        try await failure("UNAVAILABLE NOT_CONNECTED", "DEADLINE_EXCEEDED", within: .seconds(4)) {
            try await chat(client(), session: "s", timeout: .seconds(2))
        }
    }

    private func severalAddresses() async throws {
        let client = try client()
        try order("kill 1")
        try await chat(client, session: "s", timeout: .seconds(10))
        try order("start 1")
        try order("kill 2")
        try await chat(client, session: "s", timeout: .seconds(10))
    }

    private func drain() async throws {
        let client = try client()
        var (isDraining, isFinished) = (false, false)
        for try await event in client.streamChat("hello", sessionID: "streamed") {
            if case .finished = event { isFinished = true }
            guard case .text = event, !isDraining else { continue }
            isDraining = true
            try order("drain 1")
        }
        try check(isFinished, "the stream did not finish")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { try await chat(client, session: "s\(number)", timeout: .seconds(20)) }
            }
            try await group.waitForAll()
        }
        try order("ended 1")
    }

    // MARK: What is refused

    private func oversize() async throws {
        let client = try client()
        try await failure("RESOURCE_EXHAUSTED") {
            _ = try await client.echo([UInt8](repeating: 1, count: 100_000))
        }
        try check(try await client.echo([1]) == [1], "the next echo is another one")
    }

    private func badSessionID() async throws {
        let client = try client()
        try await failure("INVALID_ARGUMENT SESSION_ID") { try await chat(client, session: "a b", timeout: nil) }
    }

    private func notFound() async throws {
        let client = try client()
        try await failure("NOT_FOUND", "NOT_FOUND SESSION_NOT_FOUND") { _ = try await client.session("none") }
    }

    private func switchedOff() async throws {
        let client = try client()
        try await failure("UNIMPLEMENTED") { _ = try await client.echo([1]) }
    }

    private func sessionBusy() async throws {
        let client = try client()
        for try await event in client.streamChat("hello", sessionID: "s") {
            guard case .text = event else { continue }
            try await failure("ABORTED SESSION_BUSY") { try await refusing(client, timeout: .seconds(5)) }
            return
        }
    }

    private func modelRefuses() async throws {
        let client = try client()
        let error = try await failure("RESOURCE_EXHAUSTED MODEL_RATE_LIMITED") {
            try await chat(client, session: "s", timeout: .seconds(5))
        }
        guard let wait = error.retryAfter else { throw Failed(description: "it does not tell when to try again") }
        try check(wait > .seconds(50) && wait <= .seconds(60), "\(wait)")
    }

    private func slowReader() async throws {
        let client = try client()
        var (isFinished, isFirst) = (false, true)
        for try await event in client.streamChat("hello", sessionID: "s") {
            if case .finished = event { isFinished = true }
            guard case .text = event, isFirst else { continue }
            isFirst = false
            for _ in 0..<100 { try check(try await client.echo([1, 2]) == [1, 2], "another's bytes came back") }
        }
        try check(isFinished, "the stream did not finish")
    }

    private func closed() async throws {
        let client = try client()
        try await chat(client, session: "s", timeout: nil)
        await client.close()
        try await failure("CANCELLED CLIENT_CLOSED") { try await chat(client, session: "s", timeout: nil) }
    }

    // MARK: Pieces of cases

    private func chat(_ client: ChatClient, session: String, timeout: Duration?) async throws {
        _ = try await client.chat("hello", sessionID: session, options: ChatCallOptions(timeout: timeout))
    }

    /// A chat in s that does not wait for another turn.
    private func refusing(_ client: ChatClient, timeout: Duration) async throws {
        let request = ChatRequest(message: "another", sessionID: "s", whenBusy: .refuse)
        _ = try await client.chat(request, options: ChatCallOptions(timeout: timeout))
    }

    /// Until a turn runs in s.
    private func untilBusy(_ client: ChatClient) async throws {
        try await refused(client) { $0.reason == ChatClientError.Reason.sessionBusy }
    }

    /// Until none does.
    private func untilFree(_ client: ChatClient) async throws {
        try await refused(client) { $0.code == .deadlineExceeded }
    }

    private func refused(_ client: ChatClient, until isSo: (ChatClientError) -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(5)
        while true {
            do {
                try await refusing(client, timeout: .milliseconds(300))
            } catch let error as ChatClientError where isSo(error) {
                return
            } catch let error as ChatClientError where error.isRefusal {
            }
            try check(.now < end, "it was not so within 5 s")
        }
    }
}

extension ChatClientError {
    fileprivate var isRefusal: Bool { code == .aborted || code == .deadlineExceeded }
}
