"""The atomic steps of the ledger, in Lua: each runs in Redis as a whole or not at all."""

# KEYS: job, outstanding, rejected. ARGV: chunk, indexed, unchanged, then uri, payload of every rejection.
CLOSE = """
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 'repeated' end
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

# KEYS: job, outstanding. ARGV: chunk, references, their number. Only a job that is being enumerated takes chunks.
OPEN = """
if redis.call('HGET', KEYS[1], 'state') ~= 'enumerating' then return -1 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'found', ARGV[3])
return redis.call('HLEN', KEYS[2])
"""

# KEYS: job, outstanding. All is enumerated: wait for what is outstanding, or end at once.
DRAIN = """
if redis.call('HGET', KEYS[1], 'state') ~= 'enumerating' then return 'stopped' end
local state = redis.call('HLEN', KEYS[2]) == 0 and 'finishing' or 'draining'
redis.call('HSET', KEYS[1], 'state', state)
return state
"""

# KEYS: job, outstanding. ARGV: new state, time, error. A job that has ended stays as it ended.
END = """
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'finished' or state == 'failed' or state == 'interrupted' then return 0 end
if ARGV[1] == 'finished' and state ~= 'finishing' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'ended_at', ARGV[2], 'error', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""
