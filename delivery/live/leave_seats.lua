-- ARGV: process, and for each socket: user, socket.
for n = 2, #ARGV, 2 do
    local user, holder = ARGV[n], ARGV[1] .. ':' .. ARGV[n + 1]
    redis.call('ZREM', 'gapless:sockets:' .. user, holder)
    redis.call('HDEL', 'gapless:idle:' .. user, holder)
    redis.call('HDEL', 'gapless:held:' .. user, holder)
end
