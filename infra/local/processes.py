"""Long-running processes of one state directory: started free of the terminal, found again, stopped.

A process is known by its id and the moment it started, so that an id which the system gave to somebody
else in the meantime is never taken for ours, and never killed.
"""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from console import Stop, shown, tail


def free_port(wanted=None):
    """`wanted` when nobody listens there, else one that the system picks."""
    for port in [wanted, 0] if wanted else [0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise Stop("no free port was found on 127.0.0.1.")


class Processes:
    """The processes of one state directory, remembered in its `processes.json`."""

    def __init__(self, state):
        self.state = Path(state)
        self.file = self.state / "processes.json"
        self.started_now = []

    def known(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def log(self, name):
        return self.state / "logs" / f"{name}.log"

    def alive(self, name):
        """The process's record when it still runs, else None."""
        record = self.known().get(name)
        if record and birth(record["pid"]) == record["birth"]:
            return record
        return None

    def start(self, name, command, env, facts):
        """Starts `command` in a session of its own; `facts` (its port, say) are remembered beside its id."""
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=self.state, start_new_session=True
            )
        self.started_now.append(name)
        self.remember(name, {"pid": child.pid, "birth": birth(child.pid), **facts})
        return child

    def remember(self, name, record):
        records = self.known()
        if record is None:
            records.pop(name, None)
        else:
            records[name] = record
        self.file.write_text(json.dumps(records, indent=2) + "\n")

    def wait_until(self, name, child, ready, seconds=60):
        """Waits for `ready()` to return something true, and returns it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = ready()
            if answer:
                return answer
            if child.poll() is not None:
                raise Stop(f"{name} ended at once:\n{tail(self.log(name), 20)}\nIts log is {shown(self.log(name))}.")
            time.sleep(0.05)
        raise Stop(f"{name} did not answer within {seconds} s; its log is {shown(self.log(name))}.")

    def stop(self, name):
        """Ends the process and all that it started. Returns whether there was anything to end."""
        record = self.alive(name)
        if record:
            end_group(record["pid"])
        self.remember(name, None)
        return record is not None

    def stop_all(self):
        return [name for name in list(self.known()) if self.stop(name)]

    def stop_started_now(self):
        """After a failure: what this run started goes; what ran before stays."""
        for name in reversed(self.started_now):
            self.stop(name)
        self.started_now.clear()


def birth(pid):
    """When the process started, in a form that only equality is asked of. None when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    status, _, started = listed.stdout.strip().partition(" ")
    return started.strip() if started and not status.startswith("Z") else None


def end_group(pid, patience=10.0):
    """Asks the process group to end, and insists when it does not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sign)
        except ProcessLookupError:
            return
        end = time.monotonic() + patience
        while time.monotonic() < end:
            reap(pid)
            try:
                os.killpg(pid, 0)
            except ProcessLookupError:
                return
            except PermissionError:
                break
            time.sleep(0.05)


def reap(pid):
    """A child of ours stays a zombie, and its group alive, until somebody asks how it ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, OSError):
        pass
