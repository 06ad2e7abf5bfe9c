-- ARGV: process, ms until stale, and for each socket: user, socket, ms since it said something, its channels (msgpack; empty: only
-- that it said something).
-- In Redis' own time: the clocks of processes may be apart. Returns the sockets that are too many of their users.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local keep = 2 * ARGV[2]
local surplus, renewed = {}, {}
for n = 3, #ARGV, 4 do
    local user, holder, idle, packed = ARGV[n], ARGV[1] .. ':' .. ARGV[n + 1], ARGV[n + 2], ARGV[n + 3]
    if redis.call('EXISTS', 'gapless:surplus:' .. holder) == 1 then
        surplus[#surplus + 1] = ARGV[n + 1]
    else
        redis.call('ZADD', 'gapless:sockets:' .. user, now, holder)
        redis.call('HSET', 'gapless:idle:' .. user, holder, now - idle)
        redis.call('PEXPIRE', 'gapless:sockets:' .. user, keep)
        redis.call('PEXPIRE', 'gapless:idle:' .. user, keep)
        if packed ~= '' then
            redis.call('HSET', 'gapless:held:' .. user, holder, string.format('%.0f ', now) .. packed)
            redis.call('PEXPIRE', 'gapless:held:' .. user, keep)
            renewed[user] = true
        end
    end
end
for user in pairs(renewed) do
    local held, seats = redis.call('HVALS', 'gapless:held:' .. user), {}
    if #held > 1 then
        for _, kept in ipairs(held) do
            for _, channel in ipairs(cmsgpack.unpack(string.sub(kept, string.find(kept, ' ', 1, true) + 1))) do
                seats[channel] = (seats[channel] or 0) + 1
            end
        end
        for channel, count in pairs(seats) do
            if count > 1 then
                redis.call('SADD', string.format('gapless:spare:%.0f', channel), user)
                redis.call('PEXPIRE', string.format('gapless:spare:%.0f', channel), keep)
            end
        end
    end
end
return surplus
