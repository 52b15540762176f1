// Writes a record as one line, text or JSON. Pure: golden tests compare the bytes.

internal import Logging

enum LogLine {
    /// Names that every JSON line has; a field of such a name gets an underscore before it.
    private static let ownNames: Set<String> = ["time", "level", "logger", "message", "truncated"]

    /// `{"time":"...","level":"info","logger":"...","message":"...","name":value,...}` and a newline.
    static func json(_ record: LogRecord) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(512)
        line += "{\"time\":\"".utf8
        Timestamp.append(record.unixNanoseconds, to: &line)
        line += "\",\"level\":\"\(record.level.rawValue)\",\"logger\":\"".utf8
        var isWhole = line.appendJSON(record.logger, bytesMax: LogLimits.nameBytesMax)
        line += "\",\"message\":\"".utf8
        isWhole = line.appendJSON(record.message, bytesMax: LogLimits.messageBytesMax) && isWhole
        line.append(UInt8(ascii: "\""))
        let end = ",\"truncated\":true}\n"
        for field in record.fields {
            let start = line.count
            line += ",\"".utf8
            if ownNames.contains(field.name) { line.append(UInt8(ascii: "_")) }
            isWhole = line.appendJSON(field.name, bytesMax: LogLimits.nameBytesMax) && isWhole
            line += "\":".utf8
            isWhole = appendJSONValue(field.value, to: &line, depth: 0) && isWhole
            if line.count - start > LogLimits.fieldBytesMax
                || line.count + end.utf8.count > LogLimits.lineBytesMax
            {
                line.removeSubrange(start...)
                isWhole = false
            }
        }
        line += (isWhole ? "}\n" : end).utf8
        return line
    }

    /// `2026-01-31T23:59:59.999Z info message name=value ...` and a newline. Values with spaces or quotes are quoted.
    static func text(_ record: LogRecord) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(512)
        Timestamp.append(record.unixNanoseconds, to: &line)
        line.append(UInt8(ascii: " "))
        let level = record.level.rawValue
        line += level.utf8
        // As wide as the longest of the usual levels, "warning".
        line += repeatElement(UInt8(ascii: " "), count: max(1, 8 - level.utf8.count))
        var isWhole = line.appendPlain(record.message, bytesMax: LogLimits.messageBytesMax)
        let end = " ...\n"
        for field in record.fields {
            let start = line.count
            line.append(UInt8(ascii: " "))
            isWhole = line.appendPlain(field.name, bytesMax: LogLimits.nameBytesMax) && isWhole
            line.append(UInt8(ascii: "="))
            isWhole = appendPlainValue(field.value, to: &line) && isWhole
            if line.count + end.utf8.count > LogLimits.lineBytesMax {
                line.removeSubrange(start...)
                isWhole = false
            }
        }
        line += (isWhole ? "\n" : end).utf8
        return line
    }

    private static func appendJSONValue(_ value: Logger.MetadataValue, to line: inout [UInt8], depth: Int) -> Bool {
        switch value {
        case .dictionary(let dictionary) where depth < LogLimits.depthMax:
            var isWhole = true
            line.append(UInt8(ascii: "{"))
            for (index, pair) in dictionary.sorted(by: { $0.key < $1.key }).enumerated() {
                guard line.count < LogLimits.lineBytesMax else { break }
                line += (index > 0 ? ",\"" : "\"").utf8
                isWhole = line.appendJSON(pair.key, bytesMax: LogLimits.nameBytesMax) && isWhole
                line += "\":".utf8
                isWhole = appendJSONValue(pair.value, to: &line, depth: depth + 1) && isWhole
            }
            line.append(UInt8(ascii: "}"))
            return isWhole
        case .array(let values) where depth < LogLimits.depthMax:
            var isWhole = true
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                guard line.count < LogLimits.lineBytesMax else { break }
                if index > 0 { line.append(UInt8(ascii: ",")) }
                isWhole = appendJSONValue(value, to: &line, depth: depth + 1) && isWhole
            }
            line.append(UInt8(ascii: "]"))
            return isWhole
        case .stringConvertible(let number as Int): line += "\(number)".utf8
        case .stringConvertible(let number as Double) where number.isFinite: line += "\(number)".utf8
        case .stringConvertible(let flag as Bool): line += (flag ? "true" : "false").utf8
        default:
            line.append(UInt8(ascii: "\""))
            let isWhole = line.appendJSON("\(value)", bytesMax: LogLimits.valueBytesMax)
            line.append(UInt8(ascii: "\""))
            return isWhole
        }
        return true
    }

    private static func appendPlainValue(_ value: Logger.MetadataValue, to line: inout [UInt8]) -> Bool {
        let text = "\(value)"
        let isBare =
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        if isBare { return line.appendPlain(text, bytesMax: LogLimits.valueBytesMax) }
        line.append(UInt8(ascii: "\""))
        let quoted = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
        let isWhole = line.appendPlain(quoted, bytesMax: LogLimits.valueBytesMax)
        line.append(UInt8(ascii: "\""))
        return isWhole
    }
}
