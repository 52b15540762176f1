// Commands and replies as bytes, and what each error of Redis's means.

import Testing

@testable import RedisStore

@Suite("Redis's protocol")
struct ProtocolTests {
    @Test("a command is written with its arguments' bytes, whatever they are")
    func commands() {
        var command = RedisCommand("SET", "키\r\n", "")
        command.add([0, 255, 13, 10])
        command.add(-7)
        var bytes: [UInt8] = [42]
        command.write(into: &bytes)
        let expected =
            Array("*5\r\n$3\r\nSET\r\n$5\r\n키\r\n\r\n$0\r\n\r\n$4\r\n".utf8) + [0, 255, 13, 10]
            + Array("\r\n$2\r\n-7\r\n".utf8)
        #expect(bytes == [42] + expected)
    }

    private static let stream =
        "+OK\r\n:-12\r\n$5\r\na\r\nb\u{0}\r\n$-1\r\n*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$0\r\n\r\n*-1\r\n-ERR no\r\n*0\r\n"

    private static func texts(_ replies: [RedisReply]) -> [String] { replies.map { text($0.value) } }

    private static func text(_ value: RedisValue) -> String {
        if let error = value.error { return "error \(error)" }
        if value.isNull { return "null" }
        if let text = value.text { return "'\(text)'" }
        if let integer = value.integer { return "\(integer)" }
        return "[" + value.elements.map { text($0) }.joined(separator: " ") + "]"
    }

    private static let expected = ["'OK'", "-12", "'a\r\nb\u{0}'", "null", "[1 ['x' ''] null]", "error ERR no", "[]"]

    @Test("replies are read, split at every byte")
    func replies() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            let reader = ReplyReader()
            var replies: [RedisReply] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                try reader.feed(Array(part).span)
                while let reply = try reader.next() { replies.append(reply) }
            }
            #expect(Self.texts(replies) == Self.expected, "cut at \(cut)")
        }
        let reader = ReplyReader()
        var replies: [RedisReply] = []
        for byte in bytes {
            try reader.feed([byte].span)
            while let reply = try reader.next() { replies.append(reply) }
        }
        #expect(Self.texts(replies) == Self.expected)
    }

    @Test("values keep their reply alive, and what does not apply is nil")
    func values() throws {
        var value: RedisValue?
        do {
            let reader = ReplyReader()
            try reader.feed(Array("*2\r\n$20\r\n18446744073709551615\r\n:5\r\n".utf8).span)
            value = try reader.next()?.value
        }
        #expect(value?[0]?.unsigned == .max && value?[0]?.integer == nil && value?[1]?.integer == 5)
        #expect(value?[2] == nil && value?[-1] == nil && value?.text == nil && value?[1]?.text == nil)
        #expect(value?[0]?[0] == nil && value?.integer == nil && value?.count == 2)
    }

    @Test("what is not the protocol is a fault", arguments: ["HTTP/1.1 400\r\n", "$x\r\n", "*2\r\nhello\r\n"])
    func faults(text: String) {
        #expect(throws: ReplyFault.self) {
            let reader = ReplyReader()
            try reader.feed(Array(text.utf8).span)
            _ = try reader.next()
        }
    }

    @Test(
        "each error has its meaning",
        arguments: [
            ("NOSCRIPT No matching script.", ErrorReplyMeaning.scriptMissing),
            ("LOADING Redis is loading the dataset in memory", .wrongServer("Redis loads its data")),
            ("READONLY You can't write against a read only replica.", .wrongServer("this Redis is a replica")),
            ("MASTERDOWN Link with MASTER is down", .wrongServer("this Redis is a replica without its master")),
            ("CLUSTERDOWN Hash slot not served", .later("the cluster is down")),
            ("TRYAGAIN Multiple keys request during rehashing", .later("the cluster moves its slots")),
            ("MOVED 1 10.0.0.1:1", .refused("this Redis is a cluster, which this version does not speak to")),
            ("NOREPLICAS Not enough good replicas", .later("too few replicas, see min-replicas-to-write")),
            ("MISCONF Redis is configured to save", .later("Redis cannot save to its disk")),
            ("BUSY Redis is busy running a script", .later("Redis runs somebody's slow script")),
            ("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory),
            ("WRONGTYPE Operation against a key secret:key", .refused("WRONGTYPE")),
            ("ERR max number of clients reached", .wrongServer("Redis has too many clients, see maxclients")),
            ("", .refused("")),
        ])
    func meanings(words: String, meaning: ErrorReplyMeaning) {
        #expect(ErrorReplyMeaning(words) == meaning)
    }
}
