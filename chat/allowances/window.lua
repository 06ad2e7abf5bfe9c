-- An exact sliding window by Redis' own clock; a thing that is repeated counts once. As few calls as will do: each costs more
-- than all that Lua does between them.
-- KEYS: somebody's window, their attempts. ARGV: the limit, the thing's id, the window in µs, the most attempts (0: as
-- many as one likes). Returns the µs until it may be tried (-1: it was counted), how many are in the window, and the µs until
-- the oldest leaves it.
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local window, most_attempts = tonumber(ARGV[3]), tonumber(ARGV[4])

local function oldest()
    return tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
end

local first = oldest()
if first and first <= now - window then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
    first = oldest()
end
local used = redis.call('ZCARD', KEYS[1])
if first and first > now or used >= tonumber(ARGV[1]) then
    -- What was done later than now was done before this clock was set back: who did it would wait for as long as that was.
    used = used - redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
    first = oldest()
end

local function answer(wait)
    return {wait, used, first and first + window - now or 0}
end

if most_attempts > 0 then
    local attempts = redis.call('INCR', KEYS[2])
    if attempts == 1 then redis.call('PEXPIRE', KEYS[2], window / 1000) end
    if attempts > most_attempts then
        local left = redis.call('PTTL', KEYS[2]) * 1000
        if left > window then
            redis.call('PEXPIRE', KEYS[2], window / 1000)
            left = window
        end
        return answer(left)
    end
end
if used >= tonumber(ARGV[1]) then
    return answer(redis.call('ZSCORE', KEYS[1], ARGV[2]) and -1 or first + window - now)
end
if redis.call('ZADD', KEYS[1], 'NX', now, ARGV[2]) == 1 then
    redis.call('PEXPIRE', KEYS[1], window / 1000)
    used, first = used + 1, first or now
end
return answer(-1)
