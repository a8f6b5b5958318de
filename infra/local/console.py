"""What a person sees: steps with their time, and one sentence when something is wrong."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path


class Stop(Exception):
    """Ends the command. Its text is a sentence that says what to do."""


def say(text=""):
    print(text, flush=True)


def fail(text):
    print(f"✗ {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text, every=5.0):
    """Says what is being waited for, again every few seconds, and how long it took.

    Yields a function that changes the words of the next reminder.
    """
    begun = time.monotonic()
    done = threading.Event()
    now = [text]

    def remind():
        while not done.wait(every):
            say(f"    … {now[0]} ({time.monotonic() - begun:.0f} s)")

    say(f"▸ {text}")
    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield lambda words: now.__setitem__(0, words)
    finally:
        done.set()
        reminder.join()
    say(f"  ✓ {time.monotonic() - begun:.1f} s")


def quiet_run(command, log, env, cwd, problem):
    """Runs `command` with its output in the file `log`; when it fails, shows the end of it."""
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd, check=False).returncode
    if code != 0:
        say(tail(log, 30))
        raise Stop(f"{problem} (exit code {code}). The lines above are the end of {shown(log)}.")


def tail(path, lines):
    return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])


def shown(path):
    """The path as a person would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def table(rows, heading):
    """Columns as wide as their widest cell."""
    rows = [[str(cell) for cell in row] for row in [heading, *rows]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)
