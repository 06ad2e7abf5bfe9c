-- ARGV: process, socket, user, seats of a user (0: any), spare seats of a channel (0: any), ms until stale, ms of
-- life without a word, the channels (msgpack).
-- Returns the "process:socket" that are too many, the idlest first, and the channels that have no seat for this one.
-- A user's sockets each hold a list of channels. Only of a channel in which one has several, its users are noted: spare seats are
-- counted among these, so that a first socket costs the same however many channels it has.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local me, user, most, spare, stale = ARGV[1] .. ':' .. ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local lives = {[ARGV[1]] = true}
local function is_live(holder, since)
    local process = string.match(holder, '^([^:]*):')
    if lives[process] == nil then lives[process] = redis.call('EXISTS', 'gapless:process:' .. process) == 1 end
    return lives[process] and tonumber(since) > now - stale
end
redis.call('SET', 'gapless:process:' .. ARGV[1], 1, 'PX', ARGV[7])
local own, idle = 'gapless:sockets:' .. user, 'gapless:idle:' .. user
local known = redis.call('ZRANGE', own, 0, -1, 'WITHSCORES')
local others = {}
for n = 1, #known, 2 do
    if is_live(known[n], known[n + 1]) then
        if known[n] ~= me then others[#others + 1] = known[n] end
    else
        redis.call('ZREM', own, known[n])
        redis.call('HDEL', idle, known[n])
    end
end
redis.call('ZADD', own, now, me)
redis.call('HSETNX', idle, me, now)
local surplus = {}
while most > 0 and #others >= most do
    local idlest
    for n, holder in ipairs(others) do
        local at = tonumber(redis.call('HGET', idle, holder) or 0)
        if not idlest or at < idlest.at then idlest = {at = at, n = n} end
    end
    local holder = table.remove(others, idlest.n)
    redis.call('ZREM', own, holder)
    redis.call('HDEL', idle, holder)
    -- Should the announcement be lost, its process finds this when it renews.
    redis.call('SET', 'gapless:surplus:' .. holder, 1, 'PX', 2 * stale)
    surplus[#surplus + 1] = holder
end
redis.call('PEXPIRE', own, 2 * stale)
redis.call('PEXPIRE', idle, 2 * stale)

local function hold(packed)
    redis.call('HSET', 'gapless:held:' .. user, me, string.format('%.0f ', now) .. packed)
    redis.call('PEXPIRE', 'gapless:held:' .. user, 2 * stale)
end
-- holder -> channel -> true, of a user's sockets that live
local function held_by(who)
    local key, held = 'gapless:held:' .. who, {}
    local kept = redis.call('HGETALL', key)
    for n = 1, #kept, 2 do
        local blank = string.find(kept[n + 1], ' ', 1, true)
        if is_live(kept[n], string.sub(kept[n + 1], 1, blank - 1)) then
            local channels = {}
            for _, channel in ipairs(cmsgpack.unpack(string.sub(kept[n + 1], blank + 1))) do channels[channel] = true end
            held[kept[n]] = channels
        else
            redis.call('HDEL', key, kept[n])
        end
    end
    return held
end
if redis.call('EXISTS', 'gapless:held:' .. user) == 0 then
    hold(ARGV[8])
    return {surplus, {}}
end

local held = {[user] = held_by(user)}
local function seats_of(who, channel)
    held[who] = held[who] or held_by(who)
    local count = 0
    for _, channels in pairs(held[who]) do if channels[channel] then count = count + 1 end end
    return count
end
local function spares_of(channel) return string.format('gapless:spare:%.0f', channel) end
local function count_spares(channel)
    local key, count = spares_of(channel), 0
    for _, who in ipairs(redis.call('SMEMBERS', key)) do
        local seats = seats_of(who, channel)
        if seats > 1 then count = count + seats - 1 else redis.call('SREM', key, who) end
    end
    return count
end
local mine, refused = held[user][me] or {}, {}
held[user][me] = mine
for _, channel in ipairs(cmsgpack.unpack(ARGV[8])) do
    local is_first = mine[channel] or spare == 0 or seats_of(user, channel) == 0
    if is_first or count_spares(channel) < spare then
        mine[channel] = true
        if not is_first then
            redis.call('SADD', spares_of(channel), user)
            redis.call('PEXPIRE', spares_of(channel), 2 * stale)
        end
    else
        refused[#refused + 1] = channel
    end
end
local list = {}
for channel in pairs(mine) do list[#list + 1] = channel end
hold(cmsgpack.pack(list))
return {surplus, refused}
