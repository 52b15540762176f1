// Which URLs name a Redis, and what they say.

import IOLoop
import Testing

@testable import RedisStore

@Suite("Redis URLs")
struct RedisAddressTests {
    @Test("name a server, a socket or sentinels")
    func forms() throws {
        let plain = try RedisAddress("redis://localhost")
        #expect(plain.place == .server(.host("localhost", port: 6379)) && !plain.usesTLS && plain.database == 0)
        #expect(plain.user == nil && plain.password == nil)
        let full = try RedisAddress("rediss://us%40er:p%3Aa%2Fss:w@rd@[::1]:7000/12")
        #expect(full.place == .server(.host("::1", port: 7000)) && full.usesTLS && full.database == 12)
        #expect(full.user == "us@er" && full.password == "p:a/ss:w@rd")
        let nobody = try RedisAddress("redis://:secret@10.0.0.1:6380/")
        #expect(nobody.user == nil && nobody.password == "secret" && nobody.database == 0)
        let unix = try RedisAddress("redis+unix://u:p@/run/redis/redis.sock?db=3")
        #expect(unix.place == .server(.unix(path: "/run/redis/redis.sock")) && unix.database == 3 && unix.user == "u")
        let sentinels = try RedisAddress("redis+sentinel://:pw@a,b:26380,[::2]/mymaster/5")
        #expect(
            sentinels.place
                == .sentinels(
                    [.host("a", port: 26379), .host("b", port: 26380), .host("::2", port: 26379)], master: "mymaster"))
        #expect(sentinels.database == 5 && sentinels.password == "pw" && !sentinels.usesTLS)
        #expect(try RedisAddress("rediss+sentinel://a/m").usesTLS)
    }

    @Test(
        "that name none say why, and repeat nothing",
        arguments: [
            "redis://", "redis://:6379", "redis://host:", "redis://host:99999", "redis://host/x", "redis://host/-1",
            "redis://host/0/more", "redis://host:6379:1", "redis://%zz@host", "redis://a:%4@host", "redis://%ff@host",
            "redis+unix://", "redis+unix://relative", "redis+unix:///a?x=1", "http://host",
            "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel://a,,b/m", "redis+sentinel:///m",
            "redis+sentinel://" + Array(repeating: "a", count: 17).joined(separator: ",") + "/m",
        ])
    func malformed(url: String) {
        let error = #expect(throws: RedisAddress.Malformed.self) { _ = try RedisAddress(url) }
        #expect(error?.words.isEmpty == false)
        #expect(error.map { !$0.words.contains("relative") } ?? true)
    }
}
