#!/usr/bin/env python3
"""Runs `cargo test` with the given arguments, and ends it when one test hangs, which cargo has no limit for.

Rust's test harness says of a test that it has been running for over 60 seconds. From then on the test has
TEST_LIMIT_SECS (240) more; then it is named, everything is stopped, and this fails.
"""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

LIMIT = int(os.environ.get("TEST_LIMIT_SECS", "240"))
RUNS_LONG = re.compile(r"test (\S+) has been running for over")
ENDED = re.compile(r"^test (\S+) .*\.\.\. ")


def stop(cargo):
    """Ends cargo and everything that it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(cargo.pid, how)
            cargo.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def lines_of(pipe, lines):
    for line in pipe:
        lines.put(line)
    lines.put(None)


def main():
    cargo = subprocess.Popen(
        ["cargo", "test", *sys.argv[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    )
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: (stop(cargo), sys.exit(130)))
    lines = queue.Queue(maxsize=1000)
    threading.Thread(target=lines_of, args=(cargo.stdout, lines), daemon=True).start()
    slow = {}
    while True:
        try:
            line = lines.get(timeout=1)
            if line is None:
                sys.exit(cargo.wait())
            print(line, end="", flush=True)
            if found := RUNS_LONG.search(line):
                slow.setdefault(found[1], time.monotonic())
            elif found := ENDED.match(line):
                slow.pop(found[1], None)
            elif line.startswith("test result:"):
                slow.clear()
        except queue.Empty:
            pass
        hung = [name for name, since in slow.items() if time.monotonic() - since >= LIMIT]
        if hung:
            print(f"HUNG: {', '.join(hung)}: no end within {LIMIT + 60} seconds. Everything is stopped.", flush=True)
            stop(cargo)
            sys.exit(1)


main()
