"""Every check there is, one after the other, and one summary.

A stage that fails does not keep the next from running. The last line is `N passed, N failed, N skipped`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import unittest
from dataclasses import dataclass, field
from pathlib import Path

import first_post
import prerequisites
import sizes
from console import Stop, fail, quiet_run, say, step, table
from environment import BIN, LOCAL, ROOT
from stack import Stack

HERE = Path(__file__).parent
END_TO_END = "e2e"  # the test target that needs a deployed stack
WHOLE_AWS = "CRIEUR_TEST_AWS_URL"  # tests that are ignored for want of it run in the stage end-to-end
LIMIT = 45 * 60  # seconds for one command
RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")
# The end-to-end tests have a harness of their own, which puts the outcomes into a column.
BAD = re.compile(r"^test (\S+)(?: - .*)? +\.\.\. FAILED")
IGNORED = re.compile(r"^test (\S+)(?: - .*)? +\.\.\. ignored(?:, (.*)| \((.*)\))?")
# A test that finds what it needs missing says so, and then counts as passed for the harness.
SKIPPED = re.compile(r"(?:^|\.\.\. )skipped: (.+)$")


@dataclass
class Outcome:
    """What one stage found. Sentences name each failure and each reason for skipping."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    reasons: list = field(default_factory=list)


def passed():
    return Outcome(passed=1)


def failure(sentence):
    return Outcome(failed=1, failures=[sentence])


def skip(reason):
    return Outcome(skipped=1, reasons=[reason])


# -- stages ---------------------------------------------------------------


def formatting():
    # By file list: cargo does not see the modules that a macro names.
    if run_command(["rustfmt", "--check", "-l", "--edition", edition(), *rust_files()]) == 0:
        return passed()
    return failure("some Rust files are not formatted: `make fmt`")


def clippy():
    if run_command(["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]) == 0:
        return passed()
    return failure("clippy has something to say; it stands above")


def sam_validate():
    env = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    if run_command([str(BIN / "sam"), "validate", "--lint"], env) == 0:
        return passed()
    return failure("the SAM CLI refuses template.yaml")


def cfn_lint():
    if run_command([str(BIN / "cfn-lint"), "template.yaml"]) == 0:
        return passed()
    return failure("cfn-lint has something to say about template.yaml")


def deny():
    if not shutil.which("cargo-deny"):
        return skip("cargo-deny is not installed (`cargo install --locked cargo-deny`): licences and sources were not checked")
    if run_command(["cargo", "deny", "check", "bans", "licenses", "sources"]) == 0:
        return passed()
    return failure("cargo deny refuses a dependency")


def local():
    """The tests of this folder."""
    suite = unittest.TestLoader().discover(str(HERE), "test_*.py")
    # The processes that they start are ended by id, not waited for: Python warns of that.
    found = unittest.TextTestRunner(stream=sys.stdout, warnings="ignore").run(suite)
    bad = [test.id() for test, _ in [*found.failures, *found.errors]]
    skipped = [f"{test.id()}: {reason}" for test, reason in found.skipped]
    passed_ones = found.testsRun - len(bad) - len(skipped)
    return Outcome(passed_ones, len(bad), len(skipped), bad, skipped)


def at_protocol_server():
    """Installs the server that the Bluesky client is tried against. Without it those tests say that they are skipped."""
    folder = ROOT / "tests" / "atproto"
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not (lock.exists() and shutil.which("node") and shutil.which("npm")):
        return
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    try:
        with step("installing the AT Protocol's own server"):
            command = ["npm", "ci", "--no-audit", "--no-fund"]
            quiet_run(command, LOCAL / "logs" / "npm.log", dict(os.environ), folder, "`npm ci` failed")
    except Stop as problem:
        fail(str(problem))


def tests():
    at_protocol_server()
    chosen = [word for name in test_targets() if name != END_TO_END for word in ("--test", name)]
    found = cargo_test("--workspace", "--lib", "--bins", *chosen)
    documented = cargo_test("--workspace", "--doc")
    return added(found, documented)


def end_to_end():
    """A stack of its own, beside the one of `make up`, and gone afterwards."""
    stack = Stack(LOCAL / "test")
    with stack.alone():
        try:
            stack.stop()
            facts = stack.start(["--workspace", "--bins"])
            first_post.connect(facts)
            stack.write(facts)
            first_post.outcome(first_post.publish(facts))
            first = passed()
            if END_TO_END not in test_targets():
                return first
            endpoint = facts["aws_endpoint_url"]
            env = {**os.environ, "CRIEUR_STACK": str(stack.file), "CRIEUR_TEST_DYNAMODB_URL": endpoint, WHOLE_AWS: endpoint}
            # The store once more, on this engine, and with it what only a whole AWS has.
            store = cargo_test("--workspace", "--test", "store", "--", "--include-ignored", env=env)
            return added(first, store, cargo_test("--workspace", "--test", END_TO_END, env=env))
        finally:
            stack.stop()


def release_sizes():
    sizes.print_table()
    return passed()


STAGES = {
    "format": formatting,
    "clippy": clippy,
    "sam-validate": sam_validate,
    "cfn-lint": cfn_lint,
    "deny": deny,
    "local": local,
    "tests": tests,
    "end-to-end": end_to_end,
    "release": release_sizes,
}
LINTS = ["format", "clippy", "sam-validate", "cfn-lint", "deny"]
ONLY_IN_CI = ["release"]


# -- running them ---------------------------------------------------------


def run(only=None):
    """Runs the stages named, or all. Returns the exit code."""
    unknown = [name for name in only or [] if name not in STAGES]
    if unknown:
        raise Stop(f"there is no stage {', '.join(unknown)}; the stages are {', '.join(STAGES)}.")
    prerequisites.check()
    in_ci = os.environ.get("CI") == "true"
    names = only or [name for name in STAGES if in_ci or name not in ONLY_IN_CI]
    outcomes, rows = [], []
    for number, name in enumerate(names, 1):
        say(f"\n━━ {number}/{len(names)} {name}")
        begun = time.monotonic()
        outcome = run_stage(name)
        outcomes.append(outcome)
        rows.append([name, outcome.passed, outcome.failed, outcome.skipped, f"{time.monotonic() - begun:.0f} s"])
    summarise(rows, outcomes)
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def run_stage(name):
    try:
        return STAGES[name]()
    except Stop as problem:
        fail(str(problem))
        return failure(f"{name}: {str(problem).splitlines()[0]}")


def summarise(rows, outcomes):
    say()
    say(table(rows, ["stage", "passed", "failed", "skipped", "time"]))
    reasons = [reason for outcome in outcomes for reason in outcome.reasons]
    failures = [sentence for outcome in outcomes for sentence in outcome.failures]
    for heading, sentences in (("Skipped:", reasons), ("Failed:", failures)):
        if sentences:
            say(f"\n{heading}")
            for sentence in sentences:
                say(f"  - {sentence}")
    totals = [sum(getattr(outcome, name) for outcome in outcomes) for name in ("passed", "failed", "skipped")]
    say()
    if totals[1]:
        say("Not everything holds: the list above names what failed, and each one's own words stand in its stage further up.")
    say("{} passed, {} failed, {} skipped".format(*totals))


def run_command(command, env=None, each_line=None):
    """Runs a command in the repository, its output shown as it comes and given to `each_line`. Returns its exit code."""
    say(f"$ {' '.join(command[:8])}{' …' if len(command) > 8 else ''}")
    child = subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    limit = threading.Timer(LIMIT, lambda: (fail(f"stopped after {LIMIT // 60} minutes"), child.kill()))
    limit.start()
    try:
        for line in child.stdout:
            print(line, end="", flush=True)
            if each_line:
                each_line(line.rstrip("\n"))
        return child.wait()
    finally:
        limit.cancel()
        if child.poll() is None:
            child.kill()
            child.wait()


def cargo_test(*arguments, env=None):
    """`cargo test`, every result counted. A build that fails is one failure."""
    outcome = Outcome()

    def each_line(line):
        if found := RESULT.match(line):
            outcome.passed += int(found[1])
            outcome.failed += int(found[2])
            outcome.skipped += int(found[3])
        elif found := SKIPPED.search(line):
            outcome.passed -= 1
            outcome.skipped += 1
            outcome.reasons.append(found[1])
        elif found := BAD.match(line):
            outcome.failures.append(found[1])
        elif found := IGNORED.match(line):
            reason = found[2] or found[3] or "no reason given"
            if WHOLE_AWS in reason:
                outcome.skipped -= 1  # it has its turn later
            else:
                outcome.reasons.append(f"{found[1]}: {reason}")

    code = run_command(["cargo", "test", "--no-fail-fast", *arguments], env, each_line)
    if code != 0 and not outcome.failed:
        outcome.failed += 1
        outcome.failures.append(f"`cargo test {' '.join(arguments[:4])} …` ended with exit code {code}")
    return outcome


def added(*outcomes):
    total = Outcome()
    for outcome in outcomes:
        total.passed += outcome.passed
        total.failed += outcome.failed
        total.skipped += outcome.skipped
        total.failures += outcome.failures
        total.reasons += outcome.reasons
    return total


# -- what there is to check -----------------------------------------------


def test_targets():
    """The integration tests of all members, by name."""
    said = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if said.returncode != 0:
        raise Stop(f"cargo cannot read the workspace:\n{said.stderr.strip()}")
    packages = json.loads(said.stdout)["packages"]
    return sorted({target["name"] for package in packages for target in package["targets"] if "test" in target["kind"]})


def rust_files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        return sorted({path for path in listed.stdout.splitlines() if (ROOT / path).exists()})
    folders = ("functions", "shared", "infra", "tests")
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.rs"))


def edition():
    return re.search(r'edition = "(\d+)"', (ROOT / "Cargo.toml").read_text())[1]


def format_all():
    run_command(["rustfmt", "--edition", edition(), *rust_files()])
