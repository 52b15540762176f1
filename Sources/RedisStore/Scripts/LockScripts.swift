// The scripts of locks. A lock is one hash: token `t` (empty when free), fence `f`, end of the lease `u`, owner label
// `o`, time of the grant `a`, how many times the token acquired it `n`. It outlives its lease, so that the next fence
// is greater whatever the clock does.

enum LockScripts {
    /// What every script begins with.
    static let clock = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local function whole(number) return string.format('%.0f', number) end

        """

    private static let holder = """
        local lock = redis.call('HMGET', KEYS[1], 't', 'f', 'u', 'o', 'a')
        local token, fence, expiry = lock[1] or '', tonumber(lock[2] or '0'), tonumber(lock[3] or '0')
        local held = token ~= '' and expiry > now

        """

    /// token, time to live in ms, owner label, how long the hash outlives its lease in ms, 1 to take it only where the
    /// token holds it already. Grants, renews the token's own lease, or tells who holds it.
    static let acquire =
        clock + holder + """
            local ttl, keep = tonumber(ARGV[2]), tonumber(ARGV[4])
            if held and token == ARGV[1] then
                redis.call('HSET', KEYS[1], 'u', whole(now + ttl * 1000))
                redis.call('PEXPIRE', KEYS[1], whole(ttl + keep))
                return {'granted', whole(fence), redis.call('HINCRBY', KEYS[1], 'n', 1)}
            end
            if held then return {'held', whole(fence), whole(expiry - now), lock[4] or ''} end
            if ARGV[5] == '1' then return {'free'} end
            fence = math.max(fence + 1, now)
            redis.call('HSET', KEYS[1], 't', ARGV[1], 'f', whole(fence), 'u', whole(now + ttl * 1000),
                'o', ARGV[3], 'a', whole(now), 'n', 1)
            redis.call('PEXPIRE', KEYS[1], whole(ttl + keep))
            return {'granted', whole(fence), 1}
            """

    /// token, time to live in ms, how long the hash outlives its lease in ms.
    static let renew =
        clock + holder + """
            if not held or token ~= ARGV[1] then return {'lost'} end
            redis.call('HSET', KEYS[1], 'u', whole(now + ARGV[2] * 1000))
            redis.call('PEXPIRE', KEYS[1], whole(ARGV[2] + ARGV[3]))
            return {'renewed', whole(fence)}
            """

    /// token, channel, how many times the token had acquired it (empty: whatever that is).
    static let release =
        clock + holder + """
            if not held or token ~= ARGV[1] then return {'lost'} end
            if ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'n') ~= ARGV[3] then return {'lost'} end
            redis.call('HSET', KEYS[1], 't', '')
            redis.call('PUBLISH', ARGV[2], 'released ' .. whole(fence))
            return {'released'}
            """

    /// fence, channel.
    static let force =
        clock + holder + """
            if not held or whole(fence) ~= ARGV[1] then return {'lost'} end
            redis.call('HSET', KEYS[1], 't', '')
            redis.call('PUBLISH', ARGV[2], 'forced ' .. whole(fence))
            return {'forced', whole(fence), whole(expiry - now), lock[4] or '', lock[5] or '0'}
            """

    static let inspect =
        clock + holder + """
            if not held then return {'free'} end
            return {'held', whole(fence), whole(expiry - now), lock[4] or '', lock[5] or '0'}
            """

    /// The server's identity, 1 where the caller was served by another one before, how long leases may last in ms.
    /// Tells for how many microseconds no lock may be granted: after a restart or a change of roles, leases that this
    /// server does not know may still run. A server without a mark and a caller without a past begin at once.
    static let noteServer =
        clock + """
            local mark = redis.call('HMGET', KEYS[1], 'run', 'until')
            local run, quiet = mark[1] or '', tonumber(mark[2] or '0')
            -- As RedisServer.continues has it.
            if string.sub(run, 1, #ARGV[1] + 1) == ARGV[1] .. ':' then
                redis.call('HSET', KEYS[1], 'run', ARGV[1])
                run = ARGV[1]
            end
            if run ~= ARGV[1] then
                if run ~= '' or ARGV[2] == '1' then quiet = now + ARGV[3] * 1000 end
                redis.call('HSET', KEYS[1], 'run', ARGV[1], 'until', whole(quiet))
            elseif ARGV[2] == '1' and quiet == 0 then
                quiet = now + ARGV[3] * 1000
                redis.call('HSET', KEYS[1], 'until', whole(quiet))
            end
            return {whole(math.max(0, quiet - now))}
            """
}
