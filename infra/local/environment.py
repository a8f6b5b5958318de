"""The virtual environment with the SAM CLI, MiniStack and the linters: made once, then reused."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from console import Stop, say, step

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
VENV = LOCAL / "venv"
BIN = VENV / "bin"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
STAMP = VENV / "requirements.sha256"


def enter():
    """Returns inside the virtual environment; outside of it, makes it and starts this program again in it."""
    if Path(sys.prefix).resolve() == VENV.resolve() and STAMP.exists() and STAMP.read_text() == wanted():
        return
    if not (STAMP.exists() and STAMP.read_text() == wanted() and (BIN / "python").exists()):
        make()
    os.execv(BIN / "python", [str(BIN / "python"), *sys.argv])


def wanted():
    """Changes with the requirements and with the Python that they were installed for."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()


def make():
    LOCAL.mkdir(exist_ok=True)
    log = LOCAL / "logs" / "venv.log"
    log.parent.mkdir(exist_ok=True)
    say("The SAM CLI, MiniStack and the linters go into .local/venv. This happens once.")
    with step("making the virtual environment"), log.open("wb") as out:
        # A base interpreter, not a virtual environment's: ours must outlive the one that called.
        base = getattr(sys, "_base_executable", None) or sys.executable
        made = subprocess.run([base, "-m", "venv", "--clear", str(VENV)], stdout=out, stderr=out, check=False)
        if made.returncode != 0:
            raise Stop(
                f"Python could not make a virtual environment (see {log}): on Debian and Ubuntu, "
                "`apt-get install python3-venv` adds what is missing."
            )
    with step("installing the pinned packages (800 MB on the disk)"), log.open("ab") as out:
        pip = [str(BIN / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        installed = subprocess.run([*pip, "-r", str(REQUIREMENTS)], stdout=out, stderr=out, check=False)
        if installed.returncode != 0:
            raise Stop(f"the packages of infra/local/requirements.txt could not be installed; {log} says why.")
    STAMP.write_text(wanted())
