-- ARGV: process:socket, user.
redis.call('ZREM', 'gapless:sockets:' .. ARGV[2], ARGV[1])
redis.call('HDEL', 'gapless:idle:' .. ARGV[2], ARGV[1])
redis.call('HDEL', 'gapless:held:' .. ARGV[2], ARGV[1])
