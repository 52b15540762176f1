// A stream's road through its filter. The outbox keeps the plain bytes, with all its marks and limits, until the socket
// took what they were sealed into; so bytes that are written during a handshake simply wait there. They are sealed a
// few records at a time, when the socket has room: many small writes of a pass become one record.

internal import Glibc

extension ByteStream {
    /// Begins the handshake.
    func begin(_ line: FilterLine) {
        do throws(ByteStreamEnd) {
            try line.add { bytes throws(ByteStreamEnd) in try line.filter.begin(outbound: &bytes) }
        } catch {
            return endSoon(error)
        }
        if line.unsentBytes > 0 { askForFlush() }
    }

    /// Hands received bytes to the filter, and what it makes of them to the handler.
    func open(_ received: Span<UInt8>, with line: FilterLine) throws(ByteStreamEnd) {
        guard let handler, !line.isFinished else { return }
        // Not the line's own buffer: the handler may close the stream meanwhile.
        var answer: [UInt8] = []
        var failure: ByteStreamEnd?
        do throws(ByteStreamEnd) {
            try line.filter.open(received, outbound: &answer) { plain in
                if isOpen, !isFinishing { handler.received(plain) }
            }
        } catch {
            failure = error
        }
        guard isOpen else { return }
        if !answer.isEmpty {
            if queuedBytes == 0, line.unsentBytes == 0 { lastWriteProgress = loop.now }
            line.add { $0.append(contentsOf: answer) }
        }
        if let failure { throw failure }
        guard line.unsentBytes <= LoopLimits.filterAnswerBytesMax else {
            throw .filterFailed("the peer demands one answer after the other and reads none")
        }
        // Its handshake may be done, for which queued bytes waited.
        if !isBlocked, line.unsentBytes > 0 || queuedBytes > 0 { askForFlush() }
    }

    /// Seals and sends what the socket takes, within the pass's budget.
    func flush(_ line: FilterLine) {
        let takenBefore = takenBytes
        isBlocked = false
        do throws(ByteStreamEnd) {
            try sendSealed(line)
        } catch {
            return endByFilter(error)
        }
        guard isOpen else { return }
        if isBlocked { watchForStall() }
        afterFlush(hasProgress: takenBytes > takenBefore)
    }

    private func sendSealed(_ line: FilterLine) throws(ByteStreamEnd) {
        var budget = LoopLimits.sealedBytesPerPass
        while true {
            guard sendAll(line) else { return }
            outboxHead += line.plainBytes
            takenBytes += line.plainBytes
            line.plainBytes = 0
            line.giveBack(to: loop)
            if queuedBytes > 0 {
                guard budget > 0 else { return askForFlush() }
                let count = min(queuedBytes, LoopLimits.sealedChunkBytes)
                budget -= count
                line.reuse(loop.takeBuffer())
                let part = outboxHead..<(outboxHead + count)
                try outbox.withUnsafeBufferPointer { outbox throws(ByteStreamEnd) in
                    let plain = UnsafeBufferPointer(rebasing: outbox[part]).span
                    try line.add { bytes throws(ByteStreamEnd) in try line.filter.seal(plain, into: &bytes) }
                }
                // Nothing came: a handshake is under way.
                guard line.unsentBytes > 0 else { return line.giveBack(to: loop) }
                line.plainBytes = count
            } else if isFinishing, !line.isFinished {
                line.isFinished = true
                line.add { line.filter.finish(outbound: &$0) }
            } else {
                return
            }
        }
    }

    /// True when nothing sealed is left. Otherwise the socket has no room, or the stream is about to end.
    private func sendAll(_ line: FilterLine) -> Bool {
        do {
            while line.unsentBytes > 0 {
                guard case .done = try line.send(to: descriptor) else {
                    isBlocked = true
                    return false
                }
                lastWriteProgress = loop.now
            }
            return true
        } catch let error where error.number == EPIPE || error.number == ECONNRESET {
            // The peer takes nothing any more, but an alert that says why may lie unread.
            dropQueued()
            if isReadingPaused { end(.peerClosed) } else { read(untilEnd: true) }
            return false
        } catch {
            end(.failed(error))
            return false
        }
    }

    /// Ends the stream because its filter says so, and sends what the filter left for the peer.
    func endByFilter(_ reason: ByteStreamEnd) {
        guard isOpen, let filter else { return }
        if reason == .peerClosed {
            // Answers of this pass: the peer may have closed its half alone. Then our own last word.
            finish()
            flush()
            return end(reason)
        }
        let lastWords = Array(filter.sealed[filter.head...])
        let handler = handler
        let isStarted = registration != nil
        let socket = OwnedDescriptor(release())
        if isStarted, !lastWords.isEmpty { Farewell.say(lastWords, on: socket, loop: loop) }
        handler?.closed(reason)
    }
}

extension FilterLine {
    /// What the stream's end means to its owner. Nothing is missing from a stream that was finished from here.
    func meaning(of end: ByteStreamEnd) -> ByteStreamEnd { isFinished ? end : filter.meaning(of: end) }
}
