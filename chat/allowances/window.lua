-- An exact sliding window by Redis' own clock; a thing that is repeated counts once.
-- KEYS: somebody's window, their attempts. ARGV: the limit, the thing's id, the window in µs, the most attempts (0: as
-- many as one likes). Returns the µs until it may be tried (-1: it was counted), how many are in the window, and the µs until
-- the oldest leaves it.
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local window = tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)

local function answer(wait)
    local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
    return {wait, redis.call('ZCARD', KEYS[1]), oldest and oldest + window - now or 0}
end

if tonumber(ARGV[4]) > 0 then
    if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], window / 1000) end
    if tonumber(redis.call('GET', KEYS[2])) > tonumber(ARGV[4]) then return answer(redis.call('PTTL', KEYS[2]) * 1000) end
end
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return answer(-1) end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
    return answer(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + window - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('PEXPIRE', KEYS[1], window / 1000)
return answer(-1)
