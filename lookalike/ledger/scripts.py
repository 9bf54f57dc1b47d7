"""The atomic steps of the ledger, in Lua: each runs in Redis as a whole or not at all."""

# KEYS: job, outstanding. ARGV: chunk, references, their number. Only a job that is being enumerated takes chunks;
# one that is opened again, because the answer was lost, counts once.
OPEN = """
if redis.call('HGET', KEYS[1], 'state') ~= 'enumerating' then return -1 end
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[1], 'found', ARGV[3]) end
return redis.call('HLEN', KEYS[2])
"""

# KEYS: outstanding, attempts, lease. ARGV: chunk, seconds. The attempt counts until it is released or closed.
# A chunk in work is not given out again: a repeated message would otherwise count as an attempt that failed.
CLAIM = """
local references = redis.call('HGET', KEYS[1], ARGV[1])
if not references then return nil end
if redis.call('GET', KEYS[3]) == 'working' then return 'held' end
redis.call('SET', KEYS[3], 'working', 'EX', ARGV[2])
return {references, redis.call('HINCRBY', KEYS[2], ARGV[1], 1)}
"""

# KEYS: outstanding, attempts, lease. ARGV: chunk, seconds. An attempt that ended in order is none.
RELEASE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[2], ARGV[1], -1)
redis.call('SET', KEYS[3], 'waiting', 'EX', ARGV[2])
return 1
"""

# KEYS: outstanding, attempts, lease. ARGV: chunk, attempts of each part, then part, references of every part.
SPLIT = """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
for i = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[2])
end
return 1
"""

# KEYS: job, outstanding, rejected, attempts, lease, timeouts.
# ARGV: chunk, indexed, unchanged, then uri, payload of every rejection.
CLOSE = """
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 'repeated' end
redis.call('HDEL', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
redis.call('DEL', KEYS[5])
redis.call('HINCRBY', KEYS[1], 'indexed', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'unchanged', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'rejected', (#ARGV - 3) / 2)
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
if redis.call('HGET', KEYS[1], 'state') == 'draining' and redis.call('HLEN', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[1], 'state', 'finishing')
  return 'last'
end
return 'closed'
"""

# KEYS: job, outstanding. ARGV: the end to come. No more chunks: wait for what is outstanding, or end at once.
DRAIN = """
if redis.call('HGET', KEYS[1], 'state') ~= 'enumerating' then return 'stopped' end
local state = redis.call('HLEN', KEYS[2]) == 0 and 'finishing' or 'draining'
redis.call('HSET', KEYS[1], 'state', state, 'ending', ARGV[1])
return state
"""

# KEYS: job, outstanding, attempts, timeouts, active jobs. ARGV: job, new state or '' for the one to come, time, error.
# A job that has ended stays as it ended.
END = """
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'finished' or state == 'failed' or state == 'interrupted' then return 0 end
if ARGV[2] == '' and state ~= 'finishing' then return 0 end
local ending = ARGV[2] ~= '' and ARGV[2] or redis.call('HGET', KEYS[1], 'ending')
redis.call('HSET', KEYS[1], 'state', ending, 'ended_at', ARGV[3], 'error', ARGV[4])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
redis.call('SREM', KEYS[5], ARGV[1])
return 1
"""
