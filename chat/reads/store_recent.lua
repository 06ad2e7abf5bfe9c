-- KEYS: the entry. ARGV: head, unnumbered, milliseconds to live, then the entry's elements.
-- An entry is always whole, so it has no holes; one that is older than what stands there is refused.
local head = tonumber(redis.call('LINDEX', KEYS[1], 0) or -1)
local unnumbered = tonumber(redis.call('LINDEX', KEYS[1], 1) or -1)
if head > tonumber(ARGV[1]) or (head == tonumber(ARGV[1]) and unnumbered > tonumber(ARGV[2])) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], ARGV[1], ARGV[2], unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
