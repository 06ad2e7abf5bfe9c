-- ARGV: process:socket, user, the channels. One call for all of them: when a crowd leaves, writing commands is what takes time.
redis.call('ZREM', 'gapless:sockets:' .. ARGV[2], ARGV[1])
redis.call('HDEL', 'gapless:idle:' .. ARGV[2], ARGV[1])
for n = 3, #ARGV do
    redis.call('ZREM', 'gapless:seats:' .. ARGV[n], ARGV[2] .. ';' .. ARGV[1])
end
