// chatd without a free descriptor: it waits, says so, and serves again when there are some.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatd short of descriptors")
    struct DescriptorTests {
        @Test("waits while there is no free descriptor, and serves again afterwards")
        func recovers() async throws {
            try await RunningServer.with(model: "offline", descriptors: 64) { server in
                // More than it has descriptors, fewer than its backlog.
                let connections = try (0..<100).map { _ in try connected(to: server.port) }
                try await server.program.wait(for: "the warning") { $0.errors.contains("cannot accept connections") }
                for connection in connections { close(connection) }

                let health = try await server.run("health")
                #expect(health.status == 0)
            }
        }

        private func connected(to port: UInt16) throws -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            try #require(descriptor >= 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let result = withUnsafeBytes(of: &name) { bytes in
                connect(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
            try #require(result == 0)
            return descriptor
        }
    }
}
