-- ARGV: process, socket, user, seats of a user (0: any), spare seats of a channel (0: any), ms until stale, ms of
-- life without a word, the channels.
-- Returns the "process:socket" that are too many, the idlest first, and the channels that have no seat for this one.
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
local held = redis.call('ZRANGE', own, 0, -1, 'WITHSCORES')
local others = {}
for n = 1, #held, 2 do
    if is_live(held[n], held[n + 1]) then
        if held[n] ~= me then others[#others + 1] = held[n] end
    else
        redis.call('ZREM', own, held[n])
        redis.call('HDEL', idle, held[n])
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
    -- Should the bell be lost, its process finds this when it renews.
    redis.call('SET', 'gapless:surplus:' .. holder, 1, 'PX', 2 * stale)
    surplus[#surplus + 1] = holder
end
redis.call('PEXPIRE', own, 2 * stale)
redis.call('PEXPIRE', idle, 2 * stale)
local refused = {}
for n = 8, #ARGV do
    local key = 'gapless:seats:' .. ARGV[n]
    local seat, is_first = user .. ';' .. me, true
    for _, holder in ipairs(others) do
        if redis.call('ZSCORE', key, user .. ';' .. holder) then is_first = false end
    end
    local is_free = is_first or spare == 0 or redis.call('ZSCORE', key, seat)
    if not is_free then
        local seats = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
        local users, extra = {}, 0
        for m = 1, #seats, 2 do
            local who, holder = string.match(seats[m], '^([^;]*);(.*)$')
            if not is_live(holder, seats[m + 1]) then
                redis.call('ZREM', key, seats[m])
            elseif users[who] then
                extra = extra + 1
            else
                users[who] = true
            end
        end
        is_free = extra < spare
    end
    if is_free then
        redis.call('ZADD', key, now, seat)
        redis.call('PEXPIRE', key, 2 * stale)
    else
        refused[#refused + 1] = ARGV[n]
    end
end
return {surplus, refused}
