// One connection to the fake model: reads requests one after the other and plays the plan of each. On the model's loop.

internal import Glibc
internal import IOLoop

final class FakeModelConnection: ByteStreamHandler {
    let number: Int
    let stream: ByteStream
    private unowned let model: FakeModel
    /// The stream's socket, which the stream closes; used only while that is open, to make its end a reset.
    private let descriptor: Int32

    private var input: [UInt8] = []
    /// The end of the headers lies behind this place.
    private var scanned = 0

    private var plan: FakeModelPlan?
    private var nextAction = 0
    private var keepsAlive = true
    private var timer: LoopTimer?
    private var isWaitingForRoom = false
    private(set) var requestID: Int?
    private var bytesWritten = 0
    private(set) var tokensWritten = 0

    init(_ stream: ByteStream, descriptor: Int32, number: Int, of model: FakeModel) {
        self.stream = stream
        self.descriptor = descriptor
        self.number = number
        self.model = model
    }

    /// Bytes of the answer under way that the kernel took.
    var bytesSent: Int { max(0, bytesWritten - stream.queuedBytes) }

    func close() {
        timer?.cancel()
        timer = nil
        stream.close()
    }

    // MARK: Requests

    func received(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { input.append(contentsOf: $0) }
        readRequest()
    }

    private func readRequest() {
        guard plan == nil, !input.isEmpty, stream.isOpen else {
            // A client that sends while it is answered is heard later, within limits.
            if input.count > model.limits.headerBytesMax + model.limits.bodyBytesMax { leave() }
            return
        }
        do {
            let end = headEnd()
            guard end ?? input.count <= model.limits.headerBytesMax else {
                throw FakeModelRequestHead.Fault.headersTooLarge
            }
            guard let end else { return }
            let head = try FakeModelRequestHead(input[..<end], bodyBytesMax: model.limits.bodyBytesMax)
            guard input.count >= end + head.bodyBytes else {
                if head.wantsContinue, input.count == end {
                    stream.write { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
                }
                return
            }
            answer(head, input[end..<end + head.bodyBytes])
            input.removeFirst(end + head.bodyBytes)
            scanned = 0
            play()
        } catch let fault as FakeModelRequestHead.Fault {
            input = []
            let body = FakeModelText.error(message: "bad request", type: "invalid_request_error", code: nil)
            stream.write { $0.append(contentsOf: FakeModelPlan.response(fault.rawValue, body: body)) }
            stream.finish()
        } catch {
            preconditionFailure("reading a request throws faults only")
        }
    }

    /// The place after the empty line that ends the headers.
    private func headEnd() -> Int? {
        var index = max(3, scanned)
        while index < input.count {
            if input[index] == 0x0A, input[index - 1] == 0x0D, input[index - 2] == 0x0A, input[index - 3] == 0x0D {
                scanned = index
                return index + 1
            }
            index += 1
        }
        scanned = index
        return nil
    }

    private func answer(_ head: FakeModelRequestHead, _ body: ArraySlice<UInt8>) {
        keepsAlive = head.keepsAlive
        bytesWritten = 0
        tokensWritten = 0
        requestID = model.record(head, body, on: self)
        plan = model.plan(head, body)
        nextAction = 0
    }

    // MARK: Answers

    private func play() {
        while let plan, stream.isOpen {
            guard nextAction < plan.actions.count else { return finishAnswer() }
            if stream.isFull {
                isWaitingForRoom = true
                return
            }
            let action = plan.actions[nextAction]
            nextAction += 1
            switch action {
            case .bytes(let bytes, let tokens):
                send(bytes, tokens: tokens)
            case .stamped(var bytes, let place):
                FakeModelStamp.write(into: &bytes, at: place)
                send(bytes, tokens: 1)
                // At once, and not with the other answers of this pass: from here on it is on its way.
                stream.flush()
            case .pause(let duration):
                nonisolated(unsafe) let connection = self  // Timers of this loop run on this loop.
                timer = model.loop.schedule(at: model.loop.now + duration) {
                    connection.timer = nil
                    connection.play()
                }
                return
            case .cut:
                model.answerEnded(self, isComplete: true)
                stream.finish()
                return
            case .reset:
                stream.flush()
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
                leave()
                return
            case .stall:
                return
            }
        }
    }

    private func send(_ bytes: [UInt8], tokens: Int) {
        bytesWritten += bytes.count
        tokensWritten += tokens
        stream.write { $0.append(contentsOf: bytes) }
        model.changed()
    }

    private func finishAnswer() {
        plan = nil
        model.answerEnded(self, isComplete: true)
        requestID = nil
        if keepsAlive {
            // Not by recursion: a client may have sent many requests ahead.
            guard !input.isEmpty else { return }
            nonisolated(unsafe) let connection = self  // Blocks of this loop run on this loop.
            model.loop.execute { connection.readRequest() }
        } else {
            stream.finish()
        }
    }

    func writable() {
        guard isWaitingForRoom else { return }
        isWaitingForRoom = false
        play()
    }

    /// Ends the connection from this side.
    private func leave() {
        model.answerEnded(self, isComplete: true)
        close()
        model.connectionEnded(self)
    }

    func closed(_ reason: ByteStreamEnd) {
        timer?.cancel()
        timer = nil
        if plan != nil { model.answerEnded(self, isComplete: false) }
        plan = nil
        model.connectionEnded(self)
    }
}
