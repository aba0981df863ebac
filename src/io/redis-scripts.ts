/*
 * What must happen in one step on the side of Redis. A task has:
 *   <base>epoch     who owns the state: the largest number given out
 *   <base>files     name -> number of parts; below zero while it is written: at most so many may lie there
 *   <base>manifest  the one committed last
 *   <base><name>:<n> part n of a file
 * A `ttl` is in seconds, 0 for none.
 */

const COMMON = `
local function set(key, value, ttl)
  if ttl > 0 then redis.call('SET', key, value, 'EX', ttl) else redis.call('SET', key, value) end
end
local function renew(key, ttl)
  if ttl > 0 then return redis.call('EXPIRE', key, ttl) == 1 end
  redis.call('PERSIST', key)
  return redis.call('EXISTS', key) == 1
end
local function taken(base, mine)
  return tonumber(redis.call('GET', base .. 'epoch') or 0) > tonumber(mine)
end
-- Whether every part of a file is there; from now on they live for ttl.
local function whole(base, name, count, ttl)
  for n = 0, count - 1 do
    if not renew(base .. name .. ':' .. n, ttl) then return false end
  end
  return true
end
`

/**
 * (epoch; base, ttl) -> the number of the new owner. By the clock of Redis, so that a Redis which was emptied, or fell back to an
 * older copy, still gives a number above all that went before.
 */
export const TAKE = `${COMMON}
local base, ttl = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local last = tonumber(redis.call('GET', base .. 'epoch') or 0)
local mine = string.format('%.0f', math.max(time[1] * 1000 + math.floor(time[2] / 1000), last + 1))
set(base .. 'epoch', mine, ttl)
return mine
`

/** (files; base, mine, ttl, name, most) -> done | taken. From now on parts of the file below `most` may lie there. */
export const RESERVE = `${COMMON}
local base, mine, ttl, name, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
if taken(base, mine) then return 'taken' end
redis.call('HSET', base .. 'files', name, '-' .. most)
renew(base .. 'files', ttl)
return 'done'
`

/** (files; base, mine, ttl, name, count) -> done | taken | lost. The file is complete. */
export const FINISH = `${COMMON}
local base, mine, ttl, name, count = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
if taken(base, mine) then return 'taken' end
if redis.call('HEXISTS', base .. 'files', name) == 0 or not whole(base, name, tonumber(count), ttl) then return 'lost' end
redis.call('HSET', base .. 'files', name, count)
return 'done'
`

/**
 * (manifest; base, mine, ttl, manifest, names to keep...) -> [taken] | [lost, name] | [done, name, most, ...]: what is not kept,
 * and below which number parts of it may lie. Nobody can begin to need those: names are never used again.
 */
export const COMMIT = `${COMMON}
local base, mine, ttl, manifest = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if taken(base, mine) then return {'taken'} end
local kept = {}
for i = 5, #ARGV do
  local count = tonumber(redis.call('HGET', base .. 'files', ARGV[i]) or -1)
  if count < 0 or not whole(base, ARGV[i], count, ttl) then return {'lost', ARGV[i]} end
  kept[ARGV[i]] = true
end
set(base .. 'manifest', manifest, ttl)
set(base .. 'epoch', mine, ttl)
renew(base .. 'files', ttl)
local answer = {'done'}
local files = redis.call('HGETALL', base .. 'files')
for i = 1, #files, 2 do
  if not kept[files[i]] then
    answer[#answer + 1] = files[i]
    answer[#answer + 1] = string.format('%.0f', math.abs(tonumber(files[i + 1])))
  end
end
return answer
`
