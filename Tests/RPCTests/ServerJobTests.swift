// What a call costs the loop: one executor job. Every job is a trip through the runtime's queues, and where the
// executors of a job and its task differ, one becomes five without anybody noticing.

import IOLoop
import Logging
import ProtoMessages
import Testing

@testable import RPC

@Suite("Jobs per call", .timeLimit(.minutes(1)))
struct ServerJobTests {
    private static let echo = MethodDescriptor(service: "test.Echo", method: "Echo", shape: .unary)

    @Test("a call that does not wait takes one executor job on the server's loop")
    func oneJob() async throws {
        let serverLoop = try IOLoop(label: "server")
        let clientLoop = try IOLoop(label: "client")
        var router = Router()
        router.unary(Self.echo, EchoRequest.self, EchoReply.self) { request, _ in
            #expect(serverLoop.isCurrent)
            return try await answer(request, on: serverLoop)
        }
        let server = RPCServer(loops: [serverLoop], router: router, logger: Logger(label: "test"))
        let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        let address = try await server.listen(on: any)
        let client = RPCClient(endpoints: [.host("127.0.0.1", port: address.port)], on: clientLoop)
        let request = EchoRequest(payload: [1, 2, 3]).packed()
        _ = try await client.unary(Self.echo, request, options: CallOptions(timeout: .seconds(10)))
        let before = try await LoopActor(serverLoop).run { $0.loop.jobsRun }
        for _ in 0..<100 {
            let reply = try await client.unary(Self.echo, request, options: CallOptions(timeout: .seconds(10)))
            #expect(reply == request)
        }
        let after = try await LoopActor(serverLoop).run { $0.loop.jobsRun }
        // The measuring itself takes a few jobs each time.
        #expect(after - before <= 110)
        await client.close()
        await server.abort()
    }
}

/// A second function, so that the test sees awaits that change function and nothing else.
private func answer(_ request: EchoRequest, on loop: IOLoop) async throws -> EchoReply {
    #expect(loop.isCurrent)
    return EchoReply(payload: request.payload)
}
