"""The common parts of the drivers in Python; see driver.ts."""

import json
import os
import sys
import time
import traceback

HOST = "127.0.0.1"
PORT = int(sys.argv[1])
URL = f"redis://{HOST}:{PORT}"


def say(what, seen):
    """Prints a line: the subject, and the observation."""
    if isinstance(seen, BaseException):
        seen = f"{type(seen).__name__}: {seen}"
    print(f"{what}: {json.dumps(seen, default=str)}", flush=True)


def until(what, holds, limit=10):
    """Returns once a condition holds."""
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited in vain: {what}")
        time.sleep(0.005)


def run(work):
    """Does the work, and ends the process, even if threads are running."""
    code = 0
    try:
        work()
        say("done", True)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
