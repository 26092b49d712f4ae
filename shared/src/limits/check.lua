-- KEYS[i]: a limit. ARGV[2i-1], ARGV[2i]: microseconds in which one comes back, and in which the whole quota does.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local rooms, enough = {}, true
for i, key in ipairs(KEYS) do
  local interval, whole = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local whole_at = tonumber(redis.call('GET', key) or now)
  -- Too far ahead: from before the clock was put back, or the quota down. It counts as used up.
  whole_at = math.min(math.max(whole_at, now), now + whole)
  rooms[i] = now + whole - whole_at
  enough = enough and rooms[i] >= interval
end
if enough then
  for i, key in ipairs(KEYS) do
    local used = ARGV[2 * i] - rooms[i] + ARGV[2 * i - 1]
    redis.call('SET', key, string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
  end
end
return rooms
