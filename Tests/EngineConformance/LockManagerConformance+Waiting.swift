// The suite's cases about standing in line and about keeping a lease alive.

internal import ChatEngine

extension LockManagerConformance {
    static let waitingCases: [ConformanceCase<any LockHarness>] = [
        ConformanceCase("waiters are granted in the order of their arrival") { harness in
            _ = try await harness.locks.acquire(request(first))
            let order = Guarded<[Int]>([])
            try await withThrowingTaskGroup { group in
                for index in 0..<8 {
                    let token = LockToken("waiting-token-\(index)00")
                    let deadline = harness.now + .seconds(3600)
                    group.addTask {
                        _ = try await harness.locks.acquire(request(token, until: deadline))
                        order.withLock { $0.append(index) }
                        try await harness.locks.release(key, token: token)
                    }
                    try await eventually("waiter \(index) stands in line") {
                        try await harness.locks.inspect(key)?.waiters == index + 1
                    }
                }
                try await harness.locks.release(key, token: first)
                try await group.waitForAll()
            }
            try check(order.withLock { $0 } == Array(0..<8), "the order was \(order.withLock { $0 })")
        },
        ConformanceCase("a wait ends at its deadline, and holds nothing then") { harness in
            _ = try await harness.locks.acquire(request(first, timeToLive: .seconds(60)))
            let deadline = harness.now + .seconds(1)
            let waiter = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("the waiter stands in line") { try await harness.locks.inspect(key)?.waiters == 1 }
            await harness.advance(by: .milliseconds(1100))
            try await checkThrows(.lockNotAcquired, "the wait is over") { _ = try await waiter.value }
            try check(try await harness.locks.inspect(key)?.waiters == 0, "the line is empty")
            try await harness.locks.release(key, token: first)
            try check(try await harness.locks.inspect(key) == nil, "the lock is free")
        },
        ConformanceCase("a deadline that passed is a refusal, and a free lock is granted all the same") { harness in
            let past = harness.now - .seconds(1)
            _ = try await harness.locks.acquire(request(first, until: past))
            try await checkThrows(.lockNotAcquired, "no time to wait") {
                _ = try await harness.locks.acquire(request(second, until: past))
            }
        },
        ConformanceCase("the next in line gets the lock when the holder's lease expires") { harness in
            let lost = try await harness.locks.acquire(request(first))
            let deadline = harness.now + .seconds(60)
            let waiter = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("the waiter stands in line") { try await harness.locks.inspect(key)?.waiters == 1 }
            await harness.advance(by: timeToLive * 1.1)
            let lease = try await waiter.value
            try check(lease.fence > lost.fence, "the new lease has a greater fence")
        },
        ConformanceCase("the next in line waits on while the holder renews") { harness in
            _ = try await harness.locks.acquire(request(first))
            let deadline = harness.now + .seconds(60)
            let waiter = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("the waiter stands in line") { try await harness.locks.inspect(key)?.waiters == 1 }
            for _ in 0..<4 {
                await harness.advance(by: timeToLive * 0.6)
                _ = try await harness.locks.renew(key, token: first, timeToLive: timeToLive)
            }
            try check(try await harness.locks.inspect(key)?.waiters == 1, "it still stands there")
            try await harness.locks.release(key, token: first)
            _ = try await waiter.value
        },
        ConformanceCase("force lets the next in line in") { harness in
            let lease = try await harness.locks.acquire(request(first))
            let deadline = harness.now + .seconds(60)
            let waiter = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("the waiter stands in line") { try await harness.locks.inspect(key)?.waiters == 1 }
            _ = try await harness.locks.forceRelease(key, fence: lease.fence)
            _ = try await waiter.value
        },
        ConformanceCase("a cancelled waiter leaves the line, and the one behind it is served") { harness in
            _ = try await harness.locks.acquire(request(first))
            let deadline = harness.now + .seconds(60)
            let cancelled = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("the first waits") { try await harness.locks.inspect(key)?.waiters == 1 }
            let served = Task { try await harness.locks.acquire(request(third, until: deadline)) }
            try await eventually("the second waits") { try await harness.locks.inspect(key)?.waiters == 2 }
            cancelled.cancel()
            do {
                _ = try await cancelled.value
                try check(false, "a cancelled wait throws")
            } catch is CancellationError {}
            try await harness.locks.release(key, token: first)
            try check(try await served.value.token == third, "the one behind is served")
        },
        ConformanceCase("a token that stands in line twice is granted to both calls") { harness in
            _ = try await harness.locks.acquire(request(first))
            let deadline = harness.now + .seconds(60)
            let lost = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("the call waits") { try await harness.locks.inspect(key)?.waiters == 1 }
            let again = Task { try await harness.locks.acquire(request(second, until: deadline)) }
            try await eventually("so does its retry") { try await harness.locks.inspect(key)?.waiters == 2 }
            try await harness.locks.release(key, token: first)
            let fences = (try await lost.value.fence, try await again.value.fence)
            try check(fences.0 == fences.1, "both have the same lease")
        },
        ConformanceCase("at most one of many holds the lock at any time") { harness in
            let inside = Guarded((now: 0, most: 0, total: 0))
            try await withThrowingTaskGroup { group in
                for index in 0..<50 {
                    let deadline = harness.now + .seconds(3600)
                    group.addTask {
                        let token = LockToken("crowd-token-\(1000 + index)")
                        let wide = request(token, timeToLive: .seconds(60), until: deadline)
                        for _ in 0..<4 {
                            _ = try await harness.locks.acquire(wide)
                            inside.withLock { state in
                                state.now += 1
                                state.most = max(state.most, state.now)
                                state.total += 1
                            }
                            await Task.yield()
                            inside.withLock { $0.now -= 1 }
                            try await harness.locks.release(key, token: token)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let result = inside.withLock { $0 }
            try check(result.most == 1 && result.total == 200, "\(result.most) held it at once, \(result.total) in all")
        },
    ]

    static let keepingCases: [ConformanceCase<any LockHarness>] = [
        ConformanceCase("a kept lease outlives its time to live, and stops being renewed when it is told") { harness in
            let lease = try await harness.locks.acquire(request(first))
            let events = Guarded<[LeaseEvent]>([])
            let keeper = harness.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
            for _ in 0..<12 { await harness.advance(by: timeToLive * 0.25) }
            try check(try await harness.locks.inspect(key)?.fence == lease.fence, "the lease is still there")
            try await eventually("renewals are told") { events.value.count >= 3 }
            try check(losses(events).isEmpty, "nothing was lost: \(events.value)")
            keeper.stop()
            keeper.stop()
            await harness.advance(by: timeToLive * 1.5)
            try check(try await harness.locks.inspect(key) == nil, "nobody renews it any more")
            try check(losses(events).isEmpty, "who stopped is not told of the loss")
        },
        ConformanceCase("the keeper of a forced lease is told, once, and last") { harness in
            let lease = try await harness.locks.acquire(request(first))
            let events = Guarded<[LeaseEvent]>([])
            let keeper = harness.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
            _ = try await harness.locks.forceRelease(key, fence: lease.fence)
            for _ in 0..<6 { await harness.advance(by: timeToLive * 0.5) }
            try await eventually("the keeper is told") { !losses(events).isEmpty }
            try check(losses(events).count == 1, "it is told once: \(events.value)")
            if case .renewed = events.value.last { try check(false, "nothing follows the loss") }
            keeper.stop()
        },
        ConformanceCase("the keeper of a lease that somebody with its token released is told") { harness in
            let lease = try await harness.locks.acquire(request(first))
            let events = Guarded<[LeaseEvent]>([])
            let keeper = harness.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
            try await harness.locks.release(key, token: first)
            for _ in 0..<6 { await harness.advance(by: timeToLive * 0.5) }
            try await eventually("the keeper is told") { !losses(events).isEmpty }
            keeper.stop()
        },
        ConformanceCase("keeping a lease that is lost already tells so") { harness in
            let lease = try await harness.locks.acquire(request(first))
            await harness.advance(by: timeToLive * 1.1)
            let events = Guarded<[LeaseEvent]>([])
            let keeper = harness.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
            for _ in 0..<4 { await harness.advance(by: timeToLive * 0.5) }
            try await eventually("the keeper is told") { !losses(events).isEmpty }
            keeper.stop()
        },
    ]

    private static func losses(_ events: Guarded<[LeaseEvent]>) -> [LockLoss] {
        events.value.compactMap { if case .lost(let loss) = $0 { loss } else { nil } }
    }
}
