"""RQ: jobs that a worker takes with BRPOP, with results, failures, retries and dependencies."""

import random
import sys
import warnings

warnings.filterwarnings("ignore")

import rq
from driver import HOST, PORT, run, say
from redis import Redis


def double(number):
    return number * 2


def fail():
    raise ValueError("no")


def work():
    sys.modules["jobs"] = sys.modules["__main__"]
    connection = Redis(HOST, PORT)
    queue = rq.Queue("work", connection=connection)
    jobs = [queue.enqueue("jobs.double", number) for number in range(10)]
    first = queue.enqueue("jobs.double", 21, job_id="first")
    last = queue.enqueue("jobs.double", 22, depends_on=first, job_id="last")
    failing = queue.enqueue("jobs.fail", retry=rq.Retry(max=2), job_id="failing")
    say("queued", [len(queue), last.get_status(), queue.get_job_ids()[-2:]])
    worker = rq.SimpleWorker([queue], connection=connection, name=f"worker {random.random()}")
    worker.log.disabled = True
    worker.work(burst=True, logging_level="CRITICAL")
    say("results", [job.result for job in jobs])
    say("dependent", [first.result, last.result, last.get_status()])
    failing.refresh()
    say("failed", [failing.get_status(), failing.exc_info.strip().split("\n")[-1]])
    say("registries", [
        len(queue.finished_job_registry),
        queue.failed_job_registry.get_job_ids(),
        len(queue),
        worker.successful_job_count,
        worker.failed_job_count,
    ])
    say("workers", rq.Worker.count(connection=connection))
    queue.empty()
    say("requeued", [queue.failed_job_registry.requeue("failing").id, len(queue)])
    say("deleted", [queue.delete(delete_jobs=True), connection.exists("rq:job:failing")])


run(work)
