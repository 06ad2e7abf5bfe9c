-- Reads, then what this process says is written, then what has changed since the cursor is answered: so a process hears itself too.
-- `clock` grows with every call, whatever Redis' clock does; it is the number of a change. Members of `ends` are "user:process".
local given = cmsgpack.unpack(ARGV[1])
local P = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2] + given.ahead
local function spelled(number) return string.format('%.0f', number) end
local said_now = spelled(now) .. ' '
local rev = math.max(now, (tonumber(redis.call('GET', P .. 'clock')) or 0) + 1)
redis.call('SET', P .. 'clock', spelled(rev), 'PX', given.keep)

local mine = P .. 'process:' .. given.process
local is_forgotten = redis.call('GET', mine) ~= given.last_beat
if given.is_beat then redis.call('SET', mine, given.beat, 'PX', given.keep) end

-- A command takes longer to call than to do: one for many of them, though for no more than Lua passes to one.
local function add(key, scored)
    for first = 1, #scored, 2000 do
        redis.call('ZADD', key, unpack(scored, first, math.min(first + 1999, #scored)))
    end
end
local ends, changed = {}, {}
for _, said in ipairs(given.people) do
    local user, lease, here, choice_rev, choice, is_change = unpack(said)
    local key, until_then = P .. 'person:' .. user, spelled(now + lease)
    local is_new = redis.call('HSET', key, given.process, until_then .. ' ' .. said_now .. here) == 1
    ends[#ends + 1] = until_then
    ends[#ends + 1] = user .. ':' .. given.process
    if choice_rev > (tonumber(redis.call('HGET', key, ':rev')) or -1) then
        redis.call('HSET', key, ':rev', choice_rev, ':choice', choice)
    end
    -- Whoever is here already was given it with a renewal, less than a lease ago.
    if is_new or not is_change then redis.call('PEXPIRE', key, given.keep) end
    if is_change then
        changed[#changed + 1] = spelled(rev)
        changed[#changed + 1] = user
    end
end
add(P .. 'ends', ends)
add(P .. 'changed', changed)
for _, name in ipairs({'typing', 'viewing'}) do
    local marks = {}
    for _, said in ipairs(given[name]) do
        marks[#marks + 1] = spelled(rev)
        marks[#marks + 1] = said
    end
    add(P .. name, marks)
end

if not given.hears then return {spelled(rev), spelled(now), 0, 0, {}, {}, {}} end

local old = '(' .. spelled(now - given.window)
redis.call('ZREMRANGEBYSCORE', P .. 'changed', '-inf', old)
for _, name in ipairs({'typing', 'viewing'}) do
    redis.call('ZREMRANGEBYSCORE', P .. name, '-inf', '(' .. spelled(now - given.typing_lasts))
end
redis.call('ZREMRANGEBYSCORE', P .. 'ends', '-inf', old)
for _, name in ipairs({'changed', 'typing', 'viewing', 'ends'}) do redis.call('PEXPIRE', P .. name, given.keep) end

local is_full = given.cursor == 0 or given.cursor > rev or now < given.now or now - given.now > given.window
    or is_forgotten
local users, known = {}, {}
local function add(user)
    if not known[user] then known[user] = true; users[#users + 1] = user end
end
local function add_all(members)
    for _, member in ipairs(members) do add(string.match(member, '^%d+')) end
end
if is_full then
    add_all(redis.call('ZRANGEBYSCORE', P .. 'ends', '(' .. spelled(now), '+inf'))
else
    local between = '(' .. spelled(given.cursor)
    for _, user in ipairs(redis.call('ZRANGEBYSCORE', P .. 'changed', between, '+inf')) do add(user) end
    add_all(redis.call('ZRANGEBYSCORE', P .. 'ends', '(' .. spelled(given.now), spelled(now)))
end

local people = {}
for _, user in ipairs(users) do
    local fields = redis.call('HGETALL', P .. 'person:' .. user)
    local choice, seen, places = '', 0, {}
    for i = 1, #fields, 2 do
        if fields[i] == ':choice' then
            choice = fields[i + 1]
        elseif fields[i] ~= ':rev' then
            local ends, said, here = string.match(fields[i + 1], '^(%d+) (%d+) (.*)$')
            seen = math.max(seen, tonumber(said))
            if tonumber(ends) > now then places[#places + 1] = here else redis.call('HDEL', P .. 'person:' .. user, fields[i]) end
        end
    end
    people[#people + 1] = {user, spelled(seen), choice, places}
end
local since = is_full and '-inf' or '(' .. spelled(given.cursor)
local function marks(name) return redis.call('ZRANGEBYSCORE', P .. name, since, '+inf', 'WITHSCORES') end
return {spelled(rev), spelled(now), is_full and 1 or 0, is_forgotten and 1 or 0, people, marks('typing'), marks('viewing')}
