-- What this process says is written, then what was said since the cursor is answered: so a process hears itself too.
-- `clock` grows with every call, whatever Redis' clock does; it is the number of what was said. What is said of people is not looked
-- into: a batch of it costs the same however many they are. Before each record stands when it was said.
local given = cmsgpack.unpack(ARGV[1])
local P = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2] + given.ahead
local function spelled(number) return string.format('%.0f', number) end
local said_now = spelled(now) .. ' '
local rev = math.max(now, (tonumber(redis.call('GET', P .. 'clock')) or 0) + 1)
redis.call('SET', P .. 'clock', spelled(rev), 'PX', given.keep)

-- A command takes longer to call than to do: one for many of them, though for no more than Lua passes to one.
local function add(name, said, lasts)
    if #said == 0 then return end
    local scored = {}
    for _, member in ipairs(said) do
        scored[#scored + 1] = spelled(rev)
        scored[#scored + 1] = member
    end
    for first = 1, #scored, 2000 do
        redis.call('ZADD', P .. name, unpack(scored, first, math.min(first + 1999, #scored)))
    end
    redis.call('ZREMRANGEBYSCORE', P .. name, '-inf', '(' .. spelled(now - lasts))
    redis.call('PEXPIRE', P .. name, given.keep)
end

-- Everybody whom a process has, for those that know nothing yet; its field ':beat' tells whether it is still all there.
local mine = P .. 'people:' .. given.process
local is_forgotten = redis.call('HGET', mine, ':beat') ~= given.last_beat
if #given.gone > 0 then redis.call('HDEL', mine, unpack(given.gone)) end
local records, told = given.people, {}
for i = 2, #records, 2 do
    if i <= 2 * given.told then told[#told + 1] = records[i] end
    records[i] = said_now .. records[i]
end
for i = 2, #given.marks, 2 do
    records[#records + 1] = given.marks[i - 1]
    records[#records + 1] = said_now .. given.marks[i]
end
if given.is_beat then
    records[#records + 1] = ':beat'
    records[#records + 1] = given.beat
end
if #records > 0 then
    redis.call('HSET', mine, unpack(records))
    redis.call('PEXPIRE', mine, given.keep)
    redis.call('ZADD', P .. 'processes', spelled(now + given.keep * 1000), given.process)
    redis.call('PEXPIRE', P .. 'processes', given.keep)
end
if #told > 0 then
    add('batches', {said_now .. given.process .. ' [' .. table.concat(told, ',') .. ']'}, given.window)
end
if given.diff ~= '' then
    add('diffs', {said_now .. given.process .. ' ' .. given.diff}, given.window)
end
add('typing', given.typing, given.typing_lasts)
add('viewing', given.viewing, given.typing_lasts)

if not given.hears then return {spelled(rev), spelled(now), 0, 0, 0, {}, {}, {}, {}, {}} end

local is_full = given.cursor == 0 or given.cursor > rev or now < given.now or now - given.now > given.window
    or is_forgotten
local function heard(name, lasts, ...)
    local since = is_full and spelled(now - lasts) or '(' .. spelled(given.cursor)
    return redis.call('ZRANGEBYSCORE', P .. name, since, '+inf', ...)
end
local full, has_others = {}, 0
if is_full then
    redis.call('ZREMRANGEBYSCORE', P .. 'processes', '-inf', spelled(now))
    for _, process in ipairs(redis.call('ZRANGE', P .. 'processes', 0, -1)) do
        full[#full + 1] = {process, redis.call('HGETALL', P .. 'people:' .. process)}
    end
    -- Processes of a release before this one say whom they have elsewhere.
    has_others = redis.call('ZCOUNT', P .. 'ends', '(' .. spelled(now), '+inf') > 0 and 1 or 0
end
return {
    spelled(rev), spelled(now), is_full and 1 or 0, is_forgotten and 1 or 0, has_others,
    full, is_full and {} or heard('batches', 0, 'WITHSCORES'), is_full and {} or heard('diffs', 0, 'WITHSCORES'),
    heard('typing', given.typing_lasts, 'WITHSCORES'), heard('viewing', given.typing_lasts, 'WITHSCORES'),
}
