// The scripts of conversations. KEYS are a conversation's list and meta hash, then its turns, their order, its lock, as
// far as the script needs them.
//
// The meta hash: generation `g`, title `t`, user `u`, labels `l` as JSON, made `c`, last activity `a`, messages `n` at
// the last write of ours, `p` where Python made the conversation. A conversation exists as long as its list does; what
// is left of its meta hash after that means nothing.

enum SessionScripts {
    /// What the scripts share: the conversation as it is, and the ways to change it.
    private static let conversation =
        LockScripts.clock + """
            local list, meta = KEYS[1], KEYS[2]
            local about = redis.call('HMGET', meta, 'g', 't', 'u', 'l', 'c', 'a', 'n', 'p')
            -- Asked before the list is touched.
            local age = not about[1] and redis.pcall('OBJECT', 'IDLETIME', list)
            local count = redis.call('LLEN', list)
            -- A list that another program made becomes a session of ours. Its last use is all that is known of its age.
            local function adopt()
                if about[1] then return end
                local used = now
                if type(age) == 'number' then used = now - age * 1000000 end
                redis.call('DEL', meta)
                redis.call('HSET', meta, 'g', whole(now), 'c', whole(used), 'a', whole(used), 'n', count, 'p', 1)
                about = {whole(now), false, false, false, whole(used), whole(used), count, '1'}
            end
            -- The meta hash lives a minute longer than its list, so that it never goes first.
            local expiry
            local function align()
                expiry = redis.call('PEXPIRETIME', list)
                if expiry > 0 then redis.call('PEXPIREAT', meta, whole(expiry + 60000))
                else redis.call('PERSIST', meta) end
            end
            -- The session, in the order in which it is read.
            local function session()
                expiry = expiry or redis.call('PEXPIRETIME', list)
                local first = not about[2] and redis.call('LINDEX', list, -1) or false
                return {count, about[1], about[2], about[3] or '', about[4] or '', about[5], about[6], expiry, first}
            end
            local function kept(record, keep)
                return record and count > 0 and now - string.match(record, '^%d+') < tonumber(keep)
            end
            -- The newest messages (none: 0), for a session that lives that long from now in ms (empty: as it does).
            local function window(most, idle)
                local isNew = not about[1]
                adopt()
                local isLonger = idle ~= '' and redis.call('PEXPIRE', list, idle, 'GT') == 1
                if isNew or isLonger then align() end
                if most == '0' then return {} end
                return redis.call('LRANGE', list, 0, most - 1)
            end

            """

    /// KEYS: list, turns. Turn id, how long ids are kept in us.
    static let findTurn =
        LockScripts.clock + """
            local record = redis.call('HGET', KEYS[2], ARGV[1])
            if not record or redis.call('EXISTS', KEYS[1]) == 0 then return false end
            if now - string.match(record, '^%d+') >= tonumber(ARGV[2]) then return false end
            return record
            """

    /// How many messages, how long the session lives.
    static let loadWindow =
        conversation + """
            if count == 0 then
                if about[1] then redis.call('UNLINK', meta) end
                return false
            end
            local messages = window(ARGV[1], ARGV[2])
            return {session(), messages}
            """

    /// KEYS: list, meta, turns, lock. Turn id, how long ids are kept in us, token, time to live in ms, owner label, how
    /// long the lock's hash outlives its lease in ms, 1 not to take the lock since others stand in line here, how many
    /// messages, how long the session lives. What findTurn, acquireLock, findTurn and loadWindow come to in a row.
    static let openTurn =
        conversation + """
            local record = redis.call('HGET', KEYS[3], ARGV[1])
            if kept(record, ARGV[2]) then return {'stored', record} end
            local lock = redis.call('HMGET', KEYS[4], 't', 'f', 'u')
            local token, fence, expires = lock[1] or '', tonumber(lock[2] or '0'), tonumber(lock[3] or '0')
            if ARGV[7] == '1' or token ~= '' and expires > now and token ~= ARGV[3] then return {'busy'} end
            if token ~= ARGV[3] or expires <= now then fence = math.max(fence + 1, now) end
            redis.call('HSET', KEYS[4], 't', ARGV[3], 'f', whole(fence), 'u', whole(now + ARGV[4] * 1000),
                'o', ARGV[5], 'a', whole(now), 'n', 1)
            redis.call('PEXPIRE', KEYS[4], whole(ARGV[4] + ARGV[6]))
            if count == 0 then
                -- What another program removed: it means nothing to a list that comes after it.
                if about[1] then redis.call('UNLINK', meta, KEYS[3]) end
                return {'open', whole(fence)}
            end
            local messages = window(ARGV[8], ARGV[9])
            return {'open', whole(fence), session(), messages}
            """

    /// What appendTurn and addMessages share. ARGV: 1 token, 2 generation that was loaded (empty: none), 3 how long the
    /// session lives in ms (empty: for ever), 4 user, 5 title, 6 labels, 7 made, 8 most messages.
    private static let writing = """
        local lock = redis.call('HMGET', KEYS[5], 't', 'u', 'f')
        local function refusal(added)
            if lock[1] ~= ARGV[1] or tonumber(lock[2] or '0') <= now then return {'lost'} end
            local loaded = ARGV[2]
            if loaded == '' then
                -- One that another program made meanwhile is joined: it knows no lock of ours.
                if count > 0 and about[1] and not about[8] then return {'deleted'} end
            elseif count == 0 or about[1] ~= loaded then
                return {'deleted'}
            end
            if count + added > tonumber(ARGV[8]) then return {'full', count + added} end
            return nil
        end
        local function write(first)
            local isNew = count == 0
            local eternal = not isNew and redis.call('PTTL', list) == -1
            if isNew then
                redis.call('DEL', meta, KEYS[3], KEYS[4])
                local made = ARGV[7]
                if made == '' then made = whole(now) end
                about = {whole(now), ARGV[5], ARGV[4], ARGV[6], made, '0', 0, false}
            else
                adopt()
            end
            about[6] = whole(math.max(now, tonumber(about[6]) + 1))
            for index = first, #ARGV, 1000 do
                count = redis.call('LPUSH', list, unpack(ARGV, index, math.min(index + 999, #ARGV)))
            end
            if isNew then
                redis.call('HSET', meta, 'g', about[1], 't', about[2], 'u', about[3], 'l', about[4], 'c', about[5],
                    'a', about[6], 'n', count)
            else
                redis.call('HSET', meta, 'a', about[6], 'n', count)
                if about[8] then redis.call('HDEL', meta, 'p') end
            end
            if ARGV[3] ~= '' then
                if not eternal then redis.call('PEXPIRE', list, ARGV[3]) end
            elseif not eternal then
                redis.call('PERSIST', list)
            end
            align()
        end

        """

    /// ARGV from 9: 9 turn id, 10 what is remembered of the turn, 11 when it finished, 12 how long ids are kept in us,
    /// 13 the lock's channel where the lock is given back (empty: kept), then the messages.
    static let appendTurn =
        conversation + writing + """
            local former = redis.call('HGET', KEYS[3], ARGV[9])
            local oldest = redis.call('LRANGE', KEYS[4], 0, 1)
            local keep = tonumber(ARGV[12])
            if kept(former, keep) then return {'duplicate', former} end
            local refused = refusal(#ARGV - 13)
            if refused then return refused end
            write(14)
            for _, entry in ipairs(oldest) do
                local finished, id = string.match(entry, '^(%d+) (.*)$')
                if now - finished < keep then break end
                redis.call('LPOP', KEYS[4])
                local record = redis.call('HGET', KEYS[3], id)
                if record and string.match(record, '^%d+') == finished then redis.call('HDEL', KEYS[3], id) end
            end
            redis.call('HSET', KEYS[3], ARGV[9], ARGV[11] .. ' ' .. ARGV[10])
            redis.call('RPUSH', KEYS[4], ARGV[11] .. ' ' .. ARGV[9])
            redis.call('PEXPIRE', KEYS[3], whole(keep / 1000))
            redis.call('PEXPIRE', KEYS[4], whole(keep / 1000))
            if ARGV[13] ~= '' then
                redis.call('HSET', KEYS[5], 't', '')
                redis.call('PUBLISH', ARGV[13], 'released ' .. (lock[3] or ''))
            end
            return {'appended', session()}
            """

    /// ARGV from 9: 9 how many messages there were, then the messages.
    static let addMessages =
        conversation + writing + """
            local refused = refusal(#ARGV - 9)
            if refused then return refused end
            if whole(count) ~= ARGV[9] then return {'changed'} end
            if #ARGV > 9 then write(10) end
            return {'appended', session()}
            """

    /// ARGV: 1 to see whether another program added messages, which is activity that nothing else tells of.
    static let describe =
        conversation + """
            if count == 0 then return false end
            local isNew = not about[1]
            adopt()
            if ARGV[1] == '1' and tonumber(about[7] or '0') ~= count then
                about[6] = whole(math.max(now, tonumber(about[6]) + 1))
                redis.call('HSET', meta, 'a', about[6], 'n', count)
            end
            if isNew then align() end
            return session()
            """

    /// Field and value, field and value: `t` and `l`.
    static let change =
        conversation + """
            if count == 0 then return false end
            local isNew = not about[1]
            adopt()
            for index = 1, #ARGV, 2 do
                redis.call('HSET', meta, ARGV[index], ARGV[index + 1])
                if ARGV[index] == 't' then about[2] = ARGV[index + 1] end
                if ARGV[index] == 'l' then about[4] = ARGV[index + 1] end
            end
            if isNew then align() end
            return session()
            """

    /// KEYS: list, meta, turns, their order.
    static let delete = """
        local existed = redis.call('EXISTS', KEYS[1])
        local active = redis.call('HGET', KEYS[2], 'a')
        redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
        return {existed, active or '0'}
        """

    /// KEYS: a list of sessions. Name, activity: one that was active after that stays, since it is another session.
    static let dropEntry = """
        local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
        if score and tonumber(score) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
        return 1
        """

    /// The place of the first, from 1 at the oldest; 1 towards the newest or -1; most messages; most bytes, of which
    /// rather too many are given than too few. A place of 0 means the newest. Gives the generation, the number of
    /// messages, and the messages in that order.
    static let readMessages =
        conversation + """
            if count == 0 then return false end
            local isNew = not about[1]
            adopt()
            if isNew then align() end
            local place, step, most, bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
            if place == 0 then place = count end
            local messages = {}
            while place >= 1 and place <= count and #messages < most and bytes > 0 do
                local length = math.min(32, most - #messages)
                -- From the end of the list, where the oldest are, places stay the same whatever is added.
                local chunk
                if step > 0 then
                    chunk = redis.call('LRANGE', list, -math.min(place + length - 1, count), -place)
                    for index = #chunk, 1, -1 do
                        messages[#messages + 1] = chunk[index]
                        bytes = bytes - #chunk[index]
                    end
                else
                    chunk = redis.call('LRANGE', list, -place, -math.max(place - length + 1, 1))
                    for index = 1, #chunk do
                        messages[#messages + 1] = chunk[index]
                        bytes = bytes - #chunk[index]
                    end
                end
                place = place + step * #chunk
                if #chunk == 0 then break end
            end
            return {about[1], count, messages}
            """

    /// KEYS: list, meta, lock. Token, the place of the first, how many. Tells whether the lock is held, how many
    /// messages there are, and those that stand at the places, the oldest first.
    static let readForImport =
        conversation + """
            local lock = redis.call('HMGET', KEYS[3], 't', 'u')
            if lock[1] ~= ARGV[1] or tonumber(lock[2] or '0') <= now then return {'lost'} end
            if count == 0 then return {'held', 0} end
            local isNew = not about[1]
            adopt()
            if isNew then align() end
            local chunk = redis.call('LRANGE', list, -(ARGV[2] + ARGV[3] - 1), -ARGV[2])
            local messages = {}
            for index = #chunk, 1, -1 do messages[#messages + 1] = chunk[index] end
            return {'held', count, about[1], messages, session()}
            """
}
