# Drives redis-rb: client.rb <label>:<port>:<password>:<name>:<protocol>... (see steps.ts).
require "redis"

$stdout.sync = true
BINARY = (0..255).to_a.pack("C*") + "\r\n".b
LARGE = "0123456789abcdef" * 65_536

def equal(actual, wanted)
  return if actual == wanted
  raise "Got #{actual.inspect[0, 100]}, wanted #{wanted.inspect[0, 100]}"
end

def step(label, name)
  yield
  puts "ok #{label} #{name}"
rescue StandardError => error
  puts "not ok #{label} #{name}: #{error.class} #{error.message.tr("\r\n", "  ")}"
end

def check_session(redis, protocol, name)
  equal(Hash[*redis.call("HELLO")]["proto"], protocol)
  equal(redis.call("CLIENT", "GETNAME") || "", name)
end

def try_unknown(redis)
  id = redis.call("CLIENT", "ID")
  begin
    redis.call("NOSUCH", "argument")
    raise "Got no error from NOSUCH"
  rescue Redis::CommandError => error
    equal(error.message.include?("unknown command"), true)
  end
  equal(redis.get("hit"), "value")
  equal(redis.call("CLIENT", "ID"), id)
end

def reconnect(redis, protocol, name)
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 10
  begin
    equal(redis.get("hit"), "value")
    check_session(redis, protocol, name)
  rescue Redis::BaseConnectionError
    raise if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
    sleep 0.02
    retry
  end
end

sessions = ARGV.map do |argument|
  label, port, password, name = argument.split(":", -1)
  options = { host: "127.0.0.1", port: port.to_i, timeout: 10 }
  options[:password] = password unless password.empty?
  options[:id] = name unless name.empty?
  redis = Redis.new(**options)
  protocol = label[4].to_i
  step(label, "connect") { redis._client.connect }
  step(label, "PING") { equal(redis.ping, "PONG") }
  step(label, "session") { check_session(redis, protocol, name) }
  step(label, "GET hit") { 2.times { equal(redis.get("hit"), "value") } }
  step(label, "GET miss") { equal(redis.get("miss"), nil) }
  step(label, "binary value") { equal(redis.get("binary").b, BINARY) }
  step(label, "1 MiB value") { equal(redis.get("large"), LARGE) }
  step(label, "MGET") { equal(redis.mget("hit", "miss", "key:1"), ["value", nil, "value:1"]) }
  step(label, "pipeline of 1000") do
    values = redis.pipelined { |pipe| 1000.times { |number| pipe.get("key:#{number}") } }
    equal(values, Array.new(1000) { |number| "value:#{number}" })
  end
  step(label, "unknown command") { try_unknown(redis) }
  [label, redis, protocol, name]
end
puts "restart"
$stdin.gets
sessions.each do |label, redis, protocol, name|
  step(label, "reconnect") { reconnect(redis, protocol, name) }
end
