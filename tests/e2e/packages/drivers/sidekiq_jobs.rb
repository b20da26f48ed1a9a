# Sidekiq: jobs that threads take with BRPOP, scheduled jobs, retries and the figures of its web page.
# driver.ts describes the output.
require "json"
require "sidekiq"
require "sidekiq/api"
require "sidekiq/launcher"
require "sidekiq/processor"

# Sidekiq 6 uses the API of version 4 of the redis gem.
Redis.sadd_returns_boolean = false
Redis.silence_deprecations = true

PLACE = { url: "redis://127.0.0.1:#{ARGV[0]}/0", size: 15 }.freeze

def say(what, seen)
  puts "#{what}: #{seen.to_json}"
end

def wait_until(what)
  ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 20
  until yield
    raise "Waited in vain: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > ends

    sleep 0.005
  end
end

class Counter
  include Sidekiq::Worker
  sidekiq_options retry: 2

  def perform(kind, number)
    raise "not yet" if kind == "flaky" && Sidekiq.redis { |redis| redis.incr("tries") } < 2

    Sidekiq.redis do |redis|
      redis.pipelined do |pipeline|
        pipeline.incr("done:#{kind}")
        pipeline.sadd("numbers:#{kind}", number)
      end
    end
  end
end

Sidekiq.logger.level = Logger::FATAL
Sidekiq.configure_client { |config| config.redis = PLACE }

50.times { |number| Counter.perform_async("plain", number) }
Sidekiq::Client.push_bulk("class" => Counter, "args" => Array.new(50) { |number| ["bulk", number] })
Counter.perform_in(3600, "late", 1)
Counter.perform_in(7200, "never", 1)
queue = Sidekiq::Queue.new
say "queued", [queue.size, Sidekiq::ScheduledSet.new.size, queue.first.args]

options = Sidekiq.options.merge(queues: ["default"], concurrency: 5, timeout: 2, tag: "", labels: [])
launcher = Sidekiq::Launcher.new(options)
launcher.run
done = ->(kind) { Sidekiq.redis { |redis| redis.get("done:#{kind}") }.to_i }
wait_until("the jobs") { done["plain"] == 50 && done["bulk"] == 50 }
say "numbers", (Sidekiq.redis { |redis| redis.scard("numbers:plain") + redis.scard("numbers:bulk") })
Sidekiq::ScheduledSet.new.find { |job| job.args.first == "late" }.add_to_queue
wait_until("the late job") { done["late"] == 1 }
Counter.perform_async("flaky", 1)
wait_until("the failure") { Sidekiq::RetrySet.new.size == 1 }
retried = Sidekiq::RetrySet.new.first
say "failure", [retried["error_class"], retried["error_message"], retried["retry_count"]]
retried.retry
wait_until("the retry") { done["flaky"] == 1 }
wait_until("the process to be known") { Sidekiq::ProcessSet.new.size == 1 }
launcher.stop
stats = Sidekiq::Stats.new
say "stats", [stats.enqueued, stats.scheduled_size, stats.retry_size, stats.dead_size]
say "queues", stats.queues
say "cleared", [Sidekiq::ScheduledSet.new.clear && true, Sidekiq::ScheduledSet.new.size]
say "done", true
$stdout.flush
exit!(0)
