"""What a machine must have before anything is built. Each thing that is missing is one sentence."""

import re
import shutil
import subprocess

from console import Stop
from environment import ROOT


def check():
    """Stops with every problem at once."""
    problems = [sentence for sentence in (cargo(), linker()) if sentence]
    if problems:
        raise Stop("\n  ".join(problems))


def cargo():
    needed = re.search(r'rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text()).group(1)
    if not shutil.which("cargo"):
        return f"cargo was not found: install Rust {needed} or newer with rustup, then open a new shell."
    said = subprocess.run(["cargo", "--version"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.match(r"cargo (\d+)\.(\d+)", said.stdout)
    if not found:
        return f"cargo does not run ({said.stderr.strip() or said.stdout.strip()}): repair it with `rustup default stable`."
    if tuple(map(int, found.groups())) < tuple(map(int, needed.split(".")[:2])):
        return f"Rust {needed} or newer is needed, and this is {'.'.join(found.groups())}: run `rustup update`."
    return None


def linker():
    if any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        return None
    return "no C compiler was found, which Rust needs for linking: on Debian and Ubuntu, `apt-get install build-essential`."
