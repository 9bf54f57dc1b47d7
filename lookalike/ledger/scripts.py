"""The atomic steps of the ledger, in Lua: Redis runs each as a whole or not at all."""

# KEYS: job, outstanding, opened, waiting. ARGV: time, most chunks put aside, then chunk, references, their number of
# every chunk. Only a job that is being enumerated accepts chunks. A chunk that is opened twice, because the answer was
# lost, counts once. What was put aside is no reason to pause, until it is so much that memory would not hold it.
OPEN = """
if redis.call('HGET', KEYS[1], 'state') ~= 'enumerating' then return -1 end
for i = 3, #ARGV, 3 do
  if redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('HINCRBY', KEYS[1], 'found', ARGV[i + 2])
    redis.call('ZADD', KEYS[3], ARGV[1], ARGV[i])
  end
end
return redis.call('HLEN', KEYS[2]) - math.min(redis.call('HLEN', KEYS[4]), ARGV[2])
"""

# KEYS: outstanding, attempts, lease, counters, waiting, due. ARGV: chunk, seconds, attempts that it began with. An
# attempt counts until it is released or closed; if another attempt follows without that, its process died.
# A leased chunk is not handed out again: otherwise a repeated message would count as a failed attempt.
CLAIM = """
local references = redis.call('HGET', KEYS[1], ARGV[1])
if not references then return nil end
local lease = redis.call('GET', KEYS[3])
if lease == 'working' then return 'held' end
redis.call('SET', KEYS[3], 'working', 'EX', ARGV[2])
redis.call('ZREM', KEYS[6], ARGV[1])
local attempt = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
if lease ~= 'waiting' and attempt - ARGV[3] > 1 then redis.pcall('HINCRBY', KEYS[4], 'lost', 1) end
return {references, attempt, redis.call('HGET', KEYS[5], ARGV[1])}
"""

# KEYS: outstanding, attempts, lease, counters. ARGV: chunk, seconds, service that was away. An attempt that ended
# in order does not count.
RELEASE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[2], ARGV[1], -1)
redis.call('SET', KEYS[3], 'waiting', 'EX', ARGV[2])
redis.pcall('HINCRBY', KEYS[4], 'away:' .. ARGV[3], 1)
return 1
"""

# KEYS: outstanding, attempts, lease. ARGV: chunk. An image can kill the process that works on it, but not the worker.
END_LEASE = """
if redis.call('GET', KEYS[3]) == 'working' then redis.call('HINCRBY', KEYS[2], ARGV[1], -1) end
return redis.call('DEL', KEYS[3])
"""

# KEYS: outstanding, attempts, lease, opened, waiting. ARGV: chunk, attempts of each part, why each waits or '', then
# part, references of every part. Parts are as old as the chunk they come from.
SPLIT = """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
local opened = redis.call('ZSCORE', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[2])
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[5], ARGV[i], ARGV[3]) end
  if opened then redis.call('ZADD', KEYS[4], opened, ARGV[i]) end
end
return 1
"""

# What CLOSE, FORGET and ADOPT share. An image is on the list of one job at most: `holder` has uri -> that job.
_FORGET = """
local function forget(holders, prefix, uri)
  local holder = redis.call('HGET', holders, uri)
  if holder then
    redis.call('HDEL', prefix .. holder, uri)
    redis.call('HDEL', holders, uri)
  end
end
"""

# KEYS: job, outstanding, rejected, attempts, lease, timeouts, opened, counters, hosts, work of the host, holders,
# waiting, due. ARGV: chunk, indexed, unchanged, further counts of the job as JSON, host or '', time, seconds until a
# host is forgotten, increments of the counters and of the host's work as JSON, job, start of the keys of lists, most
# records of a place, origin of the chunk, number of settled uris, number of parts put aside, the settled uris, then
# references, why they wait and the time when they are due of every part, then uri and payload of every rejection.
# A part gets an id that no other one has, and the failed attempts of the chunk. A job that is cancelled drops parts.
CLOSE = (
    _FORGET
    + """
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 'repeated' end
local failed = (tonumber(redis.call('HGET', KEYS[4], ARGV[1])) or 1) - 1
redis.call('HDEL', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
redis.call('DEL', KEYS[5])
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('HDEL', KEYS[12], ARGV[1])
redis.call('ZREM', KEYS[13], ARGV[1])
local parts = 16 + ARGV[14]
local first = parts + 3 * ARGV[15]
if redis.call('HGET', KEYS[1], 'state') ~= 'cancelling' then
  for i = parts, first - 1, 3 do
    local part = ARGV[13] .. '.' .. (10000 + redis.call('HINCRBY', KEYS[1], 'put_aside', 1))
    redis.call('HSET', KEYS[2], part, ARGV[i])
    redis.call('HSET', KEYS[12], part, ARGV[i + 1])
    redis.call('ZADD', KEYS[13], ARGV[i + 2], part)
    if failed > 0 then redis.call('HSET', KEYS[4], part, failed) end
  end
end
redis.call('HINCRBY', KEYS[1], 'indexed', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'unchanged', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'rejected', (#ARGV - first + 1) / 2)
for name, more in pairs(cjson.decode(ARGV[4])) do redis.call('HINCRBY', KEYS[1], name, more) end
local held = redis.call('HLEN', KEYS[11])
if held > 0 then
  for i = 16, parts - 1 do forget(KEYS[11], ARGV[11], ARGV[i]) end
end
for i = first, #ARGV, 2 do
  local holder = redis.call('HGET', KEYS[11], ARGV[i])
  if holder and holder ~= ARGV[10] then redis.call('HDEL', ARGV[11] .. holder, ARGV[i]) end
  if holder or held < tonumber(ARGV[12]) then
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
    held = held + redis.call('HSET', KEYS[11], ARGV[i], ARGV[10])
  end
end
-- Totals are for people: a key of a wrong type must not stop the work.
if ARGV[5] ~= '' then
  for name, more in pairs(cjson.decode(ARGV[8])) do redis.pcall('HINCRBYFLOAT', KEYS[8], name, tostring(more)) end
  for name, more in pairs(cjson.decode(ARGV[9])) do redis.pcall('HINCRBY', KEYS[10], name, more) end
  redis.pcall('EXPIRE', KEYS[10], ARGV[7])
  redis.pcall('ZADD', KEYS[9], ARGV[6], ARGV[5])
  redis.pcall('ZREMRANGEBYSCORE', KEYS[9], '-inf', ARGV[6] - ARGV[7])
end
local state = redis.call('HGET', KEYS[1], 'state')
if (state == 'draining' or state == 'cancelling') and redis.call('HLEN', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[1], 'state', 'finishing')
  return 'last'
end
return 'closed'
"""
)

# KEYS: holders. ARGV: start of the keys of lists, then uris. Returns the recorded rejections.
EARLIER = """
local found = {}
if redis.call('HLEN', KEYS[1]) == 0 then return found end
for i = 2, #ARGV do
  local holder = redis.call('HGET', KEYS[1], ARGV[i])
  local payload = holder and redis.call('HGET', ARGV[1] .. holder, ARGV[i])
  if payload then found[#found + 1] = payload end
end
return found
"""

# KEYS: holders. ARGV: start of the keys of lists, then uris.
FORGET = (
    _FORGET
    + """
for i = 2, #ARGV do forget(KEYS[1], ARGV[1], ARGV[i]) end
"""
)

# KEYS: holders of one version, holders of another. ARGV: start of the keys of lists, then uris. An image that has a
# record there keeps that one, because it is newer.
ADOPT = (
    _FORGET
    + """
for i = 2, #ARGV do
  local holder = redis.call('HGET', KEYS[1], ARGV[i])
  if holder and redis.call('HSETNX', KEYS[2], ARGV[i], holder) == 1 then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    forget(KEYS[1], ARGV[1], ARGV[i])
  end
end
"""
)

# KEYS: job, outstanding. ARGV: final state. No more chunks: wait for the outstanding ones, or finish at once.
DRAIN = """
if redis.call('HGET', KEYS[1], 'state') ~= 'enumerating' then return 'stopped' end
local state = redis.call('HLEN', KEYS[2]) == 0 and 'finishing' or 'draining'
redis.call('HSET', KEYS[1], 'state', state, 'ending', ARGV[1])
return state
"""

# KEYS: job, outstanding, attempts, timeouts, waiting, opened, due, then the lease of every chunk. ARGV: final state,
# chunks. A chunk that a worker holds stays until the worker closes it, so that its images are counted; parts of a split
# chunk may come later.
CANCEL = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'enumerating' and state ~= 'draining' and state ~= 'cancelling' then return state end
if state ~= 'cancelling' then redis.call('HSET', KEYS[1], 'state', 'cancelling', 'ending', ARGV[1]) end
for i = 2, #ARGV do
  if redis.call('GET', KEYS[6 + i]) ~= 'working' then
    for k = 2, 5 do redis.call('HDEL', KEYS[k], ARGV[i]) end
    for k = 6, 7 do redis.call('ZREM', KEYS[k], ARGV[i]) end
    redis.call('DEL', KEYS[6 + i])
  end
end
if redis.call('HLEN', KEYS[2]) > 0 then return 'cancelling' end
redis.call('HSET', KEYS[1], 'state', 'finishing')
return 'finishing'
"""

# KEYS: due. ARGV: time, most parts, start of the keys of outstanding chunks, start of those of the times when they were
# opened. The parts whose time has come; whoever gets them sends them. From now on they are as any chunk that was sent.
DUE = """
local sent = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', KEYS[1], id)
  local job = string.match(id, '^(.*)/') or ''
  if redis.call('HEXISTS', ARGV[3] .. job, id) == 1 then
    redis.call('ZADD', ARGV[4] .. job, ARGV[1], id)
    sent[#sent + 1] = id
  end
end
return sent
"""

# KEYS: job, outstanding, attempts, timeouts, opened, waiting, active jobs. ARGV: job, final state or '' for that of
# DRAIN, time, error. A job that has ended does not change any more.
END = """
local state = redis.call('HGET', KEYS[1], 'state')
local final = {finished = 1, failed = 1, interrupted = 1, cancelled = 1}
if not state or final[state] then return 0 end
if ARGV[2] == '' and state ~= 'finishing' and state ~= 'cancelling' then return 0 end
local ending = ARGV[2] ~= '' and ARGV[2] or redis.call('HGET', KEYS[1], 'ending')
redis.call('HSET', KEYS[1], 'state', ending, 'ended_at', ARGV[3], 'error', ARGV[4])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
redis.call('SREM', KEYS[7], ARGV[1])
return 1
"""
