"""Drives redis-py: client.py <label>:<port>:<password>:<name>:<protocol>... (see steps.ts)."""

import sys
import time

import redis

BINARY = bytes(range(256)) + b"\r\n"
LARGE = b"0123456789abcdef" * 65536
NUMBERS = range(1000)


def equal(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"Got {actual!r:.100}, wanted {wanted!r:.100}")


def step(label, name, work):
    try:
        work()
        print(f"ok {label} {name}", flush=True)
    except Exception as error:
        print(f"not ok {label} {name}: {type(error).__name__} {error}", flush=True)


def connect(client):
    client.connection_pool.release(client.connection_pool.get_connection("_"))


def check_session(client, protocol, name):
    hello = client.execute_command("HELLO")
    equal(hello[hello.index(b"proto") + 1], protocol)
    equal(client.client_getname() or "", name)


def get_twice(client):
    equal(client.get("hit"), b"value")
    equal(client.get("hit"), b"value")


def pipeline(client):
    pipe = client.pipeline(transaction=False)
    for number in NUMBERS:
        pipe.get(f"key:{number}")
    equal(pipe.execute(), [b"value:%d" % number for number in NUMBERS])


def try_unknown(client):
    own_id = client.client_id()
    try:
        client.execute_command("NOSUCH", "argument")
        raise AssertionError("Got no error from NOSUCH")
    except redis.ResponseError as error:
        equal("unknown command" in str(error), True)
    equal(client.get("hit"), b"value")
    equal(client.client_id(), own_id)


def reconnect(client, protocol, name):
    deadline = time.monotonic() + 10
    while True:
        try:
            equal(client.get("hit"), b"value")
            return check_session(client, protocol, name)
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def main():
    sessions = []
    for argument in sys.argv[1:]:
        label, port, password, name, _ = argument.split(":")
        client = redis.Redis(
            host="127.0.0.1",
            port=int(port),
            password=password or None,
            client_name=name or None,
            socket_timeout=10,
        )
        protocol = int(label[4])
        sessions.append((label, client, protocol, name))
        step(label, "connect", lambda: connect(client))
        step(label, "PING", lambda: equal(client.ping(), True))
        step(label, "session", lambda: check_session(client, protocol, name))
        step(label, "GET hit", lambda: get_twice(client))
        step(label, "GET miss", lambda: equal(client.get("miss"), None))
        step(label, "binary value", lambda: equal(client.get("binary"), BINARY))
        step(label, "1 MiB value", lambda: equal(client.get("large"), LARGE))
        step(label, "MGET", lambda: equal(
            client.mget("hit", "miss", "key:1"), [b"value", None, b"value:1"]))
        step(label, "pipeline of 1000", lambda: pipeline(client))
        step(label, "unknown command", lambda: try_unknown(client))
    print("restart", flush=True)
    sys.stdin.readline()
    for label, client, protocol, name in sessions:
        step(label, "reconnect", lambda: reconnect(client, protocol, name))


main()
