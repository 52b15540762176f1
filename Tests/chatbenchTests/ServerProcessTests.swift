// Finding the server among this machine's processes: a listener of the test's own process.

import Glibc
import IOLoop
import Testing

@testable import chatbench

@Suite("ServerProcess")
struct ServerProcessTests {
    @Test("who listens on a port is found, with CPU time and memory")
    func listener() async throws {
        let actor = LoopActor(try IOLoop(label: "chatbench-tests"))
        try await actor.run { actor in
            let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
            let listener = try Listener(address, on: actor.loop, accepted: { _, _ in }, troubled: { _ in })
            defer { listener.close() }
            let process = try #require(ServerProcess.find(named: nil, or: "\(listener.address)"))
            #expect(process.pid == getpid())
            #expect(try #require(process.cpuSeconds()) > 0)
            let memory = try #require(process.memory())
            #expect(memory.residentBytes > 1_000_000)
            #expect(memory.peakBytes >= memory.residentBytes)
        }
    }

    @Test("a process that is gone, a port without a listener and another machine are not found")
    func nobody() {
        // Process ids end at 2^22.
        #expect(ServerProcess.find(named: 1 << 23, or: "127.0.0.1:1") == nil)
        #expect(ServerProcess.find(named: nil, or: "127.0.0.1:0") == nil)
        #expect(ServerProcess.find(named: nil, or: "192.0.2.1:7420") == nil)
    }
}
