"""redis-py: transactions, locks, scripts, pipelines, subscriptions, streams and scans."""

import threading

import redis
from driver import HOST, PORT, run, say, until


def transactions(client):
    def add_one(pipe):
        value = int(pipe.get("counter") or 0)
        pipe.multi()
        pipe.set("counter", value + 1)

    def work():
        own = redis.Redis(HOST, PORT)
        for _ in range(10):
            own.transaction(add_one, "counter")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("transactions", client.get("counter"))
    pipe = client.pipeline(transaction=True)
    pipe.set("a", 1).incr("a").get("a").lpush("a", 1).get("a")
    say("errors in a transaction", [str(one) for one in pipe.execute(raise_on_error=False)])
    pipe = client.pipeline(transaction=False)
    for index in range(200):
        pipe.set(f"key:{index}", index).get(f"key:{index}")
    values = pipe.execute()
    say("pipeline", [int(one) for one in values[1::2]] == list(range(200)))


def locks(client):
    inside = []
    most = []

    def work():
        own = redis.Redis(HOST, PORT)
        for _ in range(5):
            with own.lock("lock", timeout=10, sleep=0.001):
                inside.append(1)
                most.append(len(inside))
                own.incr("locked")
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("locks", [max(most), client.get("locked")])
    lock = client.lock("lock", timeout=10, thread_local=False)
    lock.acquire()
    say("extended", [lock.extend(5), lock.owned(), client.lock("lock").acquire(blocking=False)])
    lock.release()


def messages(client):
    heard = []
    subscriber = redis.Redis(
        HOST, PORT, client_name="subscriber", health_check_interval=1, decode_responses=True
    )
    pubsub = subscriber.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(news=lambda message: heard.append(message["data"]))
    pubsub.psubscribe(**{"n*": lambda message: heard.append(message["data"])})
    thread = pubsub.run_in_thread(sleep_time=0.01, exception_handler=lambda *_: None)
    until("the subscription", lambda: client.pubsub_numsub("news")[0][1] == 1)
    until("the pattern", lambda: client.publish("news", "probe") == 2)
    heard.clear()
    say("receivers", client.publish("news", "one"))
    until("the messages", lambda: heard.count("one") == 2)
    own = [one for one in client.client_list(_type="pubsub") if one["name"] == "subscriber"]
    say("killed", client.client_kill_filter(_id=own[0]["id"]))
    until("the subscription again", lambda: client.publish("news", "two") == 2)
    until("the message", lambda: heard.count("two") >= 2)
    thread.stop()
    thread.join()
    until("the subscriber to leave", lambda: client.pubsub_numsub("news")[0][1] == 0)


def streams(client):
    client.xgroup_create("stream", "group", mkstream=True)
    for index in range(20):
        client.xadd("stream", {"number": index}, id=f"{index + 1}-0")
    first = client.xreadgroup("group", "one", {"stream": ">"}, count=12, block=100)
    say("first", [int(fields["number"]) for _, fields in first[0][1]])
    say("acknowledged", client.xack("stream", "group", *[one for one, _ in first[0][1][:5]]))
    say("pending", client.xpending("stream", "group"))
    claimed = client.xautoclaim("stream", "group", "two", 0, count=3)
    say("claimed", claimed)
    say("rest", len(client.xreadgroup("group", "two", {"stream": ">"}, block=10)[0][1]))
    say("nothing", client.xreadgroup("group", "two", {"stream": ">"}, block=10))
    say("trimmed", [client.xtrim("stream", maxlen=5, approximate=False), client.xlen("stream")])


def work():
    client = redis.Redis(HOST, PORT, decode_responses=True)
    transactions(client)
    locks(client)
    script = client.register_script(
        "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) redis.call('SET', 'hidden', n) return n"
    )
    for _ in range(20):
        value = script(keys=["scripted"], args=[3])
        if [client.get("scripted"), client.get("hidden")] != [str(value), str(value)]:
            say("stale after a script", value)
    say("scripted", client.get("hidden"))
    messages(client)
    streams(client)
    say("scanned", sorted(client.scan_iter("key:19*"))[:3])
    client.zadd("board", {"ann": 3, "bob": 1, "cid": 2})
    say("board", [client.zrange("board", 0, -1, withscores=True), client.bzpopmin("board", 1)])
    other = redis.Redis(HOST, PORT, db=5, decode_responses=True)
    other.set("a", "five")
    say("databases", [other.get("a"), client.type("a"), other.dbsize(), client.move("hidden", 5)])
    say("moved", [client.get("hidden"), other.get("hidden")])
    say("value", [client.set("x", "1", get=True), client.getdel("x"), client.get("x")])
    say("info", client.info("server")["redis_version"])
    say("config", client.config_get("maxmemory-policy"))
    with client.monitor() as monitor:
        client.set("seen", "1")
        line = next(one for one in monitor.listen() if "seen" in one["command"])
        say("monitor", [line["db"], line["command"]])
    say("dump", client.restore("copied", 0, redis.Redis(HOST, PORT).dump("scripted")))
    say("copied", client.get("copied"))


run(work)
