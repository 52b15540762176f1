// The metrics' names and what they count, read back from a factory that keeps them.

import Metrics
import MetricsTestKit
import Testing

@testable import ChatServer

@Suite("Server metrics")
struct ServerMetricsTests {
    @Test("an ended call is counted by method and code, with its duration")
    func endedCall() throws {
        let factory = TestMetrics()
        let method = ServerMetrics(factory: factory).method("chat.v1.ChatService/Chat")
        method.callEnded(code: 0, nanoseconds: 1500)
        method.callEnded(code: 0, nanoseconds: 2500)
        method.callEnded(code: 99, nanoseconds: 1)
        let dimensions = [("method", "chat.v1.ChatService/Chat")]
        #expect(try factory.expectCounter("chat_rpc_calls_total", dimensions + [("code", "0")]).values == [1, 1])
        #expect(try factory.expectCounter("chat_rpc_calls_total", dimensions + [("code", "2")]).values == [1])
        #expect(try factory.expectTimer("chat_rpc_call_duration_seconds", dimensions).values == [1500, 2500, 1])
    }

    @Test("every metric is named with its unit, and counters end in _total")
    func names() {
        let factory = TestMetrics()
        _ = ServerMetrics(factory: factory).method("m")
        #expect(factory.counters.count > 10)
        for counter in factory.counters {
            #expect(counter.label.hasPrefix("chat_") && counter.label.hasSuffix("_total"))
        }
        #expect(factory.timers.count > 5)
        for timer in factory.timers {
            #expect(timer.label.hasPrefix("chat_") && timer.label.hasSuffix("_duration_seconds"))
        }
    }
}
