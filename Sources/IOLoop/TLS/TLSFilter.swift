// TLS for one stream: an SSL object between two memory BIOs. Ciphertext from the socket goes into one, and what OpenSSL
// wants to send comes out of the other. OpenSSL never sees the socket.

internal import COpenSSL

/// TLS as a stream's filter, made by `TLSContext`. On the stream's loop only; serves one stream.
package final class TLSFilter: ByteStreamFilter {
    /// Received bytes that OpenSSL gets at a time, and most plain bytes of a record.
    private static let stepBytes = 16 * 1024
    /// Most bytes of a record, sealed: its header and TLS 1.2's room for what sealing adds.
    private static let recordBytesMax = 5 + 16 * 1024 + 2048
    /// A memory BIO that held more than this is exchanged for a new one, since it keeps its room: an idle connection
    /// should cost little.
    private static let keptBytesMax = 4 * 1024

    private enum State {
        case handshaking
        case established
        /// The peer said that no more comes.
        case peerFinished
        /// OpenSSL must not be called any more, except to free.
        case failed
    }

    /// Owned, with both BIOs in it.
    private let connection: OpaquePointer
    private let facts: TLSFacts
    private let name: TLSServerName?
    private var state = State.handshaking

    /// - Parameter name: whom a client expects; nil for a server.
    init(_ context: TLSContext, expecting name: TLSServerName?) throws(TLSSetupError) {
        ERR_clear_error()
        guard let connection = SSL_new(context.handle) else { throw .libraryFailed(OpenSSLErrors.take().words) }
        self.connection = connection
        facts = context.facts
        self.name = name
        // The connection owns them.
        SSL_set_bio(connection, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        guard SSL_get_rbio(connection) != nil, SSL_get_wbio(connection) != nil else {
            throw .libraryFailed(OpenSSLErrors.take().words)
        }
        if let name {
            try expect(name)
            SSL_set_connect_state(connection)
        } else {
            SSL_set_accept_state(connection)
        }
    }

    deinit { SSL_free(connection) }

    /// True once the handshake is done: the peer is who it must be.
    package var isEstablished: Bool { state == .established || state == .peerFinished }

    /// Version and cipher, for a log; nil before the handshake is done.
    package var terms: String? {
        guard isEstablished, let version = SSL_get_version(connection),
            let cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(connection))
        else { return nil }
        return "\(String(cString: version)) \(String(cString: cipher))"
    }

    private func expect(_ name: TLSServerName) throws(TLSSetupError) {
        let parameters = SSL_get0_param(connection)
        let isSet =
            switch name {
            case .host(let host):
                X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count) == 1
                    && copenssl_set_server_name(connection, host) == 1
            // Addresses are not sent as a server's name.
            case .address(let address): X509_VERIFY_PARAM_set1_ip_asc(parameters, address) == 1
            }
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard isSet else { throw .libraryFailed(OpenSSLErrors.take().words) }
    }

    // MARK: ByteStreamFilter

    package func begin(outbound: inout [UInt8]) throws(ByteStreamEnd) {
        // A server would find nothing to read.
        guard facts.isClient, state == .handshaking else { return }
        defer { moveOutgoing(to: &outbound) }
        try handshake()
    }

    package func open(
        _ received: Span<UInt8>, outbound: inout [UInt8], deliver: (Span<UInt8>) -> Void
    ) throws(ByteStreamEnd) {
        // Room for all that can come out, since nothing is compressed: these bytes, and a record that had begun. So the
        // handler hears of a read once, as without a filter, and may pause reading then.
        let room = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: received.count + Self.recordBytesMax)
        defer { room.deallocate() }
        var plainCount = 0
        var failure: ByteStreamEnd?
        do throws(ByteStreamEnd) {
            var from = 0
            while from < received.count, state == .handshaking || state == .established {
                let to = min(from + Self.stepBytes, received.count)
                try feed(received.extracting(from..<to))
                from = to
                if state == .handshaking { try handshake() }
                if state == .established { try read(into: room, from: &plainCount) }
            }
            if received.count > Self.keptBytesMax { renewIncoming() }
        } catch {
            failure = error
        }
        moveOutgoing(to: &outbound)
        if plainCount > 0 { deliver(UnsafeBufferPointer(rebasing: room[..<plainCount]).span) }
        if let failure { throw failure }
        if state == .peerFinished { throw .peerClosed }
    }

    package func seal(_ plain: Span<UInt8>, into outbound: inout [UInt8]) throws(ByteStreamEnd) {
        guard isEstablished else { return }
        outbound.reserveCapacity(outbound.count + plain.count + plain.count / 64 + 128)
        var from = 0
        while from < plain.count {
            let to = min(from + Self.stepBytes, plain.count)
            var taken = 0
            ERR_clear_error()
            let result = plain.extracting(from..<to).withUnsafeBufferPointer {
                SSL_write_ex(connection, $0.baseAddress, $0.count, &taken)
            }
            moveOutgoing(to: &outbound)
            guard result == 1 else { throw fail() }
            from += taken
        }
    }

    package func finish(outbound: inout [UInt8]) {
        // Before the handshake is done there is nobody to say it to.
        guard isEstablished else { return }
        ERR_clear_error()
        _ = SSL_shutdown(connection)
        moveOutgoing(to: &outbound)
    }

    package func meaning(of end: ByteStreamEnd) -> ByteStreamEnd {
        switch (state, end) {
        case (.handshaking, .peerClosed): .filterFailed(facts.endedInHandshake)
        case (.handshaking, .writeTimedOut): .filterFailed(facts.handshakeTimedOut)
        case (.established, .peerClosed): .truncated
        default: end
        }
    }

    // MARK: OpenSSL

    private func handshake() throws(ByteStreamEnd) {
        ERR_clear_error()
        let result = SSL_do_handshake(connection)
        if result == 1 {
            state = .established
            return
        }
        switch SSL_get_error(connection, result) {
        case SSL_ERROR_WANT_READ: return
        case SSL_ERROR_ZERO_RETURN:
            state = .failed
            throw .filterFailed(facts.endedInHandshake)
        default: throw fail()
        }
    }

    /// Reads until OpenSSL has seen all that it was fed. `end` counts what is in `room`.
    private func read(into room: UnsafeMutableBufferPointer<UInt8>, from end: inout Int) throws(ByteStreamEnd) {
        while true {
            let free = UnsafeMutableBufferPointer(rebasing: room[end...])
            precondition(!free.isEmpty, "there are never more plain bytes than sealed ones")
            var count = 0
            ERR_clear_error()
            let result = SSL_read_ex(connection, free.baseAddress, free.count, &count)
            if result == 1 {
                end += count
                continue
            }
            switch SSL_get_error(connection, result) {
            case SSL_ERROR_WANT_READ: return
            case SSL_ERROR_ZERO_RETURN:
                state = .peerFinished
                return
            default: throw fail()
            }
        }
    }

    /// Call it right after what failed, on the same thread.
    private func fail() -> ByteStreamEnd {
        let words = facts.words(
            for: OpenSSLErrors.take(), verifyResult: Int(SSL_get_verify_result(connection)), name: name,
            isEstablished: isEstablished)
        state = .failed
        return .filterFailed(words)
    }

    private func feed(_ bytes: Span<UInt8>) throws(ByteStreamEnd) {
        let isTaken = bytes.withUnsafeBufferPointer {
            BIO_write(SSL_get_rbio(connection), $0.baseAddress, Int32($0.count)) == Int32($0.count)
        }
        guard isTaken else { throw fail() }
    }

    /// Exchanges the BIO that has grown, unless bytes are left in it.
    private func renewIncoming() {
        guard BIO_ctrl_pending(SSL_get_rbio(connection)) == 0, let fresh = BIO_new(BIO_s_mem()) else { return }
        SSL_set0_rbio(connection, fresh)
    }

    /// Moves what OpenSSL wants to send.
    private func moveOutgoing(to outbound: inout [UInt8]) {
        let outgoing = SSL_get_wbio(connection)
        var bytes: UnsafePointer<UInt8>?
        let count = copenssl_memory_bytes(outgoing, &bytes)
        guard count > 0 else { return }
        outbound.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        if count > Self.keptBytesMax, let fresh = BIO_new(BIO_s_mem()) {
            SSL_set0_wbio(connection, fresh)
        } else {
            copenssl_memory_clear(outgoing)
        }
    }
}
