// The wire written out by hand: nothing here calls the encoders or decoders of Sources/, so that a mistake in them is
// not repeated in what tests them.

/// Bytes in hexadecimal; white space between them is ignored: `hex("00 00 00 00  00 00 00 01  03 05")`.
package func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map { character -> UInt8 in
        guard let digit = character.hexDigitValue else { preconditionFailure("\(character) is no hexadecimal digit") }
        return UInt8(digit)
    }
    precondition(digits.count % 2 == 0, "a byte has two hexadecimal digits")
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// Frames and protobuf fields, a byte at a time.
package enum HandWritten {
    package static func frame(id: UInt32, type: UInt8, flags: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        bigEndian(UInt32(payload.count)) + bigEndian(id) + [type, flags] + payload
    }

    /// A Request frame for a method of the scripted server.
    package static func request(
        id: UInt32, flags: UInt8 = 0, service: String = ScriptedMethods.service, _ method: String,
        _ payload: [UInt8] = [], timeoutNano: Int64 = 0, metadata: [(String, String)] = []
    ) -> [UInt8] {
        frame(
            id: id, type: 0x01, flags: flags,
            envelope(
                service: service, method: method, payload: payload, timeoutNano: timeoutNano, metadata: metadata))
    }

    /// ttrpc.Request.
    package static func envelope(
        service: String, method: String, payload: [UInt8] = [], timeoutNano: Int64 = 0,
        metadata: [(String, String)] = []
    ) -> [UInt8] {
        var bytes = field(1, service) + field(2, method)
        if !payload.isEmpty { bytes += field(3, payload) }
        if timeoutNano != 0 { bytes += field(4, number: UInt64(bitPattern: timeoutNano)) }
        for (key, value) in metadata { bytes += field(5, keyValue(key, value)) }
        return bytes
    }

    /// ttrpc.KeyValue, which the scripted methods take and give.
    package static func keyValue(_ key: String, _ value: String = "") -> [UInt8] { field(1, key) + field(2, value) }

    package static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    package static func field(_ number: UInt8, _ text: String) -> [UInt8] {
        text.isEmpty ? [] : field(number, Array(text.utf8))
    }

    package static func field(_ number: UInt8, number value: UInt64) -> [UInt8] { [number << 3] + varint(value) }

    package static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    package static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A message's fields in order: numbers as varints, everything else as bytes. Traps on what no test sends.
    package static func fields(_ message: [UInt8]) -> [(number: UInt64, value: UInt64, bytes: [UInt8])] {
        var rest = message[...]
        func takeVarint() -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        var fields: [(number: UInt64, value: UInt64, bytes: [UInt8])] = []
        while !rest.isEmpty {
            let tag = takeVarint()
            let value = takeVarint()
            switch tag & 7 {
            case 0: fields.append((tag >> 3, value, []))
            case 2:
                fields.append((tag >> 3, 0, Array(rest.prefix(Int(value)))))
                rest = rest.dropFirst(Int(value))
            default: preconditionFailure("wire type \(tag & 7) is not used here")
            }
        }
        return fields
    }

    /// The text of a field; empty when it was not sent.
    package static func text(_ number: UInt64, of message: [UInt8]) -> String {
        for field in fields(message) where field.number == number {
            return String(decoding: field.bytes, as: UTF8.self)
        }
        return ""
    }
}

/// A frame as it was read.
package struct RawFrame: Sendable, Equatable {
    package let id: UInt32
    package let type: UInt8
    package let flags: UInt8
    package let payload: [UInt8]

    package init(id: UInt32, type: UInt8, flags: UInt8 = 0, _ payload: [UInt8] = []) {
        (self.id, self.type, self.flags, self.payload) = (id, type, flags, payload)
    }

    /// What a Response frame says: code 0 without a status.
    package var outcome: RawOutcome {
        var outcome = RawOutcome()
        for field in HandWritten.fields(payload) {
            switch field.number {
            case 1: outcome.readStatus(field.bytes)
            case 2: outcome.payload = field.bytes
            default: continue
            }
        }
        return outcome
    }

    /// The text under field 1 of a message, for KeyValue: its key.
    package var key: String { HandWritten.text(1, of: payload) }
}

/// A Response's outcome.
package struct RawOutcome: Sendable, Equatable {
    package var code: UInt64 = 0
    package var message = ""
    /// ErrorInfo's reason, from the status details.
    package var reason = ""
    package var payload: [UInt8] = []

    /// The texts of a KeyValue in `payload`.
    package var pair: [String] { HandWritten.fields(payload).map { String(decoding: $0.bytes, as: UTF8.self) } }

    mutating func readStatus(_ status: [UInt8]) {
        for field in HandWritten.fields(status) {
            switch field.number {
            case 1: code = field.value
            case 2: message = String(decoding: field.bytes, as: UTF8.self)
            case 3:
                let any = HandWritten.fields(field.bytes)
                guard let type = any.first(where: { $0.number == 1 })?.bytes,
                    String(decoding: type, as: UTF8.self) == "type.googleapis.com/google.rpc.ErrorInfo",
                    let value = any.first(where: { $0.number == 2 })?.bytes
                else { continue }
                reason = HandWritten.text(1, of: value)
            default: continue
            }
        }
    }
}
