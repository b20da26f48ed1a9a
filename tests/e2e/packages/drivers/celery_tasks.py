"""Celery: Redis as its broker and as its store of results, with a worker in a thread."""

import logging

import celery
from celery.contrib.testing.worker import start_worker
from driver import URL, run, say, until

app = celery.Celery("tasks", broker=f"{URL}/1", backend=f"{URL}/2")
app.conf.update(
    task_always_eager=False,
    broker_connection_retry=False,
    worker_hijack_root_logger=False,
    result_expires=60,
)
attempts = []


@app.task
def add(first, second):
    return first + second


@app.task(bind=True, max_retries=3)
def stubborn(self):
    attempts.append(1)
    if len(attempts) < 3:
        raise self.retry(countdown=0)
    return len(attempts)


@app.task
def fail():
    raise ValueError("no")


def work():
    logging.disable(logging.CRITICAL)
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
        results = [add.delay(number, 1) for number in range(20)]
        say("results", [result.get(timeout=20) for result in results])
        say("group", celery.group(add.s(number, number) for number in range(5))().get(timeout=20))
        say("chain", (add.s(1, 2) | add.s(3) | add.s(4))().get(timeout=20))
        say("chord", celery.chord(add.s(n, n) for n in range(4))(total.s()).get(timeout=20))
        say("retried", stubborn.delay().get(timeout=20))
        failed = fail.delay()
        say("failed", [type(failed.get(timeout=20, propagate=False)).__name__, failed.state])
        late = add.apply_async((40, 2), countdown=0.1)
        say("late", late.get(timeout=20))
        late.forget()
        until("the worker to answer", lambda: app.control.inspect(timeout=0.5).ping())


@app.task
def total(numbers):
    return sum(numbers)


run(work)
