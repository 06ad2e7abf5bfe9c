-- ARGV: process, ms until stale, and for each socket: user, socket, ms since it said something, how many channels, the channels.
-- In Redis' own time: the clocks of processes may be apart. Returns the sockets that are too many of their users.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local n, surplus = 3, {}
while n <= #ARGV do
    local user, holder, idle, count = ARGV[n], ARGV[1] .. ':' .. ARGV[n + 1], ARGV[n + 2], tonumber(ARGV[n + 3])
    if redis.call('EXISTS', 'gapless:surplus:' .. holder) == 1 then
        surplus[#surplus + 1] = ARGV[n + 1]
    else
        redis.call('ZADD', 'gapless:sockets:' .. user, now, holder)
        redis.call('HSET', 'gapless:idle:' .. user, holder, now - idle)
        redis.call('PEXPIRE', 'gapless:sockets:' .. user, 2 * ARGV[2])
        redis.call('PEXPIRE', 'gapless:idle:' .. user, 2 * ARGV[2])
        for m = n + 4, n + 3 + count do
            redis.call('ZADD', 'gapless:seats:' .. ARGV[m], now, user .. ';' .. holder)
            redis.call('PEXPIRE', 'gapless:seats:' .. ARGV[m], 2 * ARGV[2])
        end
    end
    n = n + 4 + count
end
return surplus
