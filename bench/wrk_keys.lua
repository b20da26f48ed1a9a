-- Random keys for wrk: wrk -s wrk_keys.lua URL -- PREFIX KEYS SUFFIX
local requests = {}

function init(args)
  for index = 0, tonumber(args[2]) - 1 do
    local path = args[1] .. string.format("%012d", index) .. (args[3] or "")
    requests[index + 1] = wrk.format("GET", path)
  end
  math.randomseed(7)
end

function request()
  return requests[math.random(#requests)]
end
