-- wrk's part: what each connection asks, by the arguments: KIND KEY FILE. FILE holds a thread's id in each line; a request
-- takes one by chance and brings an Idempotency-Key of its own.
local threads = {}
local kind, key
local number, own = 0, 0

function setup(thread)
  own = own + 1
  thread:set('place', own)
end

function init(arguments)
  kind, key = arguments[1], arguments[2]
  for line in io.lines(arguments[3]) do threads[#threads + 1] = line end
  math.randomseed(place)
end

function request()
  local headers = { ['Authorization'] = 'Bearer ' .. key }
  if kind == 'unknown' then return wrk.format('GET', '/nothing/here', headers) end
  if kind == 'document' then return wrk.format('GET', '/openapi.json', headers) end
  if kind == 'models' then return wrk.format('GET', '/v1/models', headers) end
  number = number + 1
  headers['Content-Type'] = 'application/json'
  headers['Idempotency-Key'] = 'load-' .. kind .. '-' .. place .. '-' .. number
  local any = math.random(#threads)
  if kind == 'turn' then
    return wrk.format('POST', '/v1/threads/' .. threads[any] .. '/turns', headers, '{"text":"Hello"}')
  end
  local body = '{"model":"purser","user":"chat-' .. any .. '","messages":[{"role":"user","content":"Hello"}]}'
  return wrk.format('POST', '/v1/chat/completions', headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"us":%d,"p50":%d,"p99":%d,"not_2xx":%d,"lost":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
