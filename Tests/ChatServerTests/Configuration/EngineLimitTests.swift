// The engine's limits follow the frame size, so that nothing is stored that can never be delivered.

import ChatEngine
import Testing

@testable import ChatServer

@Suite("Engine limits")
struct EngineLimitTests {
    @Test("an answer with all its tool runs fits a frame of every size", arguments: [64 << 10, 1 << 20, 4 << 20])
    func fitsFrame(frameBytesMax: Int) {
        var configuration = ServerConfiguration(model: "offline")
        configuration.connections.frameBytesMax = frameBytesMax
        let limits = configuration.engine.limits
        let toolBytes = limits.toolRunsMax * limits.toolOutputBytesMax * 2
        #expect(limits.answerBytesMax + toolBytes <= frameBytesMax * 3 / 4)
        #expect(limits.pageBytesMax <= frameBytesMax / 2 && limits.messageBytesMax <= frameBytesMax / 2)
        #expect(limits.toolOutputBytesMax >= 1024)
    }
}
