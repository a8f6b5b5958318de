"""A release build by the real SAM CLI, and the size of each function's zip, which is what a cold start loads."""

import os
import subprocess
import zipfile

import build
from console import Stop, say, step, table
from environment import BIN, ROOT

GOAL = 4.0  # MB
LIMIT = 6.5  # MB; more than this is a mistake, such as a second TLS stack or publishing code in `api`


def print_table():
    """Stops when the build fails or a zip is over the limit."""
    env = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",  # cargo-lambda and its linker
    }
    with step("sam build (release; the first time takes about ten minutes)", every=60):
        built = subprocess.run([str(BIN / "sam"), "build"], cwd=ROOT, env=env, check=False)
        if built.returncode != 0:
            raise Stop("`sam build` failed; its words stand above.")
    rows, too_large = [], []
    for name in build.functions():
        binary = ROOT / ".aws-sam" / "build" / f"{name.capitalize()}Function" / "bootstrap"
        size = zipped(binary) / 1e6
        unzipped = binary.stat().st_size / 1e6
        verdict = "met" if size <= GOAL else "missed"
        rows.append([name, f"{unzipped:.2f} MB", f"{size:.2f} MB", f"{GOAL:.0f} MB", verdict])
        if size > LIMIT:
            too_large.append(f"{name} ({size:.2f} MB)")
    say()
    say(table(rows, ["function", "binary", "zip", "goal", ""]))
    if too_large:
        raise Stop(f"over the limit of {LIMIT:.0f} MB: {', '.join(too_large)}.")


def zipped(binary):
    """Bytes of the zip that the SAM CLI would upload."""
    target = binary.with_suffix(".zip")
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(binary, "bootstrap")
        return target.stat().st_size
    finally:
        target.unlink(missing_ok=True)
