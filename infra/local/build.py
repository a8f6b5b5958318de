"""Builds the functions and the sandbox, and lays them out as `sam build` would.

The layout is a copy of `template.yaml` in which only each function's `CodeUri` differs: it names a folder
beside the copy that holds the function's binary as `bootstrap`. `sam build` makes the same from a release
build; here it is the dev profile, which builds sooner.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from console import Stop, step
from environment import ROOT

SANDBOX = "crieur-sandbox"
CODE_URI = re.compile(r"^(?P<before> *CodeUri: )functions/(?P<name>\w+)$", re.MULTILINE)


def functions():
    """The names of the functions, as the template lists them."""
    return [found["name"] for found in CODE_URI.finditer((ROOT / "template.yaml").read_text())]


def target_directory():
    said = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if said.returncode != 0:
        raise Stop(f"cargo cannot read the workspace:\n{said.stderr.strip()}")
    return Path(json.loads(said.stdout)["target_directory"])


def build(packages):
    """`cargo build`, with its own progress on the terminal."""
    with step("building the functions and the sandbox (the first time takes minutes)", every=60):
        built = subprocess.run(["cargo", "build", *packages], cwd=ROOT, check=False)
        if built.returncode != 0:
            raise Stop("the build failed; cargo says above why.")


def packages_of_the_stack():
    return [word for name in [*functions(), SANDBOX] for word in ("-p", name)]


def lay_out(folder):
    """Fills `folder` from the last build. Returns the template to deploy and the sandbox to run."""
    binaries = target_directory() / "debug"
    folder.mkdir(parents=True, exist_ok=True)
    for name in functions():
        (folder / name).mkdir(exist_ok=True)
        place(binaries / name, folder / name / "bootstrap", folder / f"{name}.from")
    sandbox = folder / SANDBOX
    place(binaries / SANDBOX, sandbox, folder / f"{SANDBOX}.from")
    template = folder / "template.yaml"
    template.write_text(CODE_URI.sub(r"\g<before>\g<name>", (ROOT / "template.yaml").read_text()))
    return template, sandbox


def place(binary, destination, source):
    """Copies a binary without its debug symbols, unless the file `source` says that the same one is there already."""
    stat = binary.stat()
    mark = f"{binary} {stat.st_size} {stat.st_mtime_ns}"
    if destination.exists() and source.exists() and source.read_text() == mark:
        return
    fresh = destination.with_name(destination.name + ".new")
    shutil.copyfile(binary, fresh)
    if shutil.which("strip"):
        subprocess.run(["strip", str(fresh)], check=False, stderr=subprocess.DEVNULL)
    fresh.chmod(0o755)
    os.replace(fresh, destination)
    source.write_text(mark)


def digest(*paths):
    """One value for the contents of several files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return total.hexdigest()
