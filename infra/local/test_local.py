"""Tests of what is easy to get wrong here. `python3 infra/local test --only local` runs them."""

import difflib
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zlib
from datetime import timedelta
from pathlib import Path
from unittest import mock

import build
import checks
import first_post
import picture
from console import Stop, table
from environment import ROOT
from processes import Processes, birth, free_port
from web import Form

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class TheLayout(unittest.TestCase):
    def test_only_the_code_uri_of_each_function_differs_from_the_template(self):
        before = (ROOT / "template.yaml").read_text()
        after = build.CODE_URI.sub(r"\g<before>\g<name>", before)
        changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
        names = build.functions()
        self.assertIn("api", names)
        self.assertEqual(len(changed), 2 * len(names))
        self.assertTrue(all("CodeUri: " in line for line in changed), changed)

    def test_every_function_folder_is_in_the_template(self):
        folders = {path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")}
        self.assertEqual(folders, set(build.functions()))


class AProcess(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.processes = Processes(folder.name)
        self.addCleanup(self.processes.stop_all)

    def test_that_was_started_is_found_again_and_stopped(self):
        self.processes.start("sleeper", SLEEP, dict(os.environ), {"port": 1})
        self.assertEqual(Processes(self.processes.state).alive("sleeper")["port"], 1)
        self.assertTrue(self.processes.stop("sleeper"))
        self.assertIsNone(self.processes.alive("sleeper"))
        self.assertFalse(self.processes.stop("sleeper"))

    def test_takes_its_children_with_it(self):
        code = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(60)"
        self.processes.start("parent", [sys.executable, "-c", code, *SLEEP], dict(os.environ), {})
        log = self.processes.log("parent")
        end = time.monotonic() + 10
        while not log.read_text().strip() and time.monotonic() < end:
            time.sleep(0.02)
        child = int(log.read_text())
        self.assertIsNotNone(birth(child))
        self.processes.stop("parent")
        self.assertIsNone(birth(child))

    def test_that_ignores_the_request_to_end_is_ended(self):
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
        child = self.processes.start("deaf", [sys.executable, "-c", code], dict(os.environ), {})
        self.processes.wait_until("deaf", child, lambda: "deaf" in self.processes.log("deaf").read_text())
        with mock.patch("processes.end_group.__defaults__", (0.2,)):
            self.processes.stop("deaf")
        self.assertIsNone(birth(child.pid))

    def test_of_somebody_else_under_an_old_id_is_never_touched(self):
        stranger = subprocess.Popen(SLEEP, start_new_session=True)
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        self.processes.remember("ours", {"pid": stranger.pid, "birth": "long ago"})
        self.assertFalse(self.processes.stop("ours"))
        self.assertIsNone(stranger.poll())

    def test_that_ends_at_once_is_told_with_its_last_words(self):
        child = self.processes.start("short", [sys.executable, "-c", "print('no such port')"], dict(os.environ), {})
        with self.assertRaisesRegex(Stop, "no such port"):
            self.processes.wait_until("short", child, lambda: None)

    def test_that_ran_before_survives_a_failure_of_this_run(self):
        earlier = self.processes.start("earlier", SLEEP, dict(os.environ), {})
        later = Processes(self.processes.state)
        now = later.start("now", SLEEP, dict(os.environ), {})
        later.stop_started_now()
        self.assertIsNone(birth(now.pid))
        self.assertIsNotNone(birth(earlier.pid))


class APort(unittest.TestCase):
    def test_that_is_taken_is_not_given_again(self):
        import socket

        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            wanted = taken.getsockname()[1]
            self.assertNotEqual(free_port(wanted), wanted)
        self.assertEqual(free_port(wanted), wanted)


class AConsentPage(unittest.TestCase):
    def test_is_filled_in_as_it_stands_and_approved_by_its_first_button(self):
        form = Form(
            "<input name=outside value=1><form method=post action='/go'><input type=hidden name=state value='a&amp;b'>"
            "<input type=radio name=account value=first checked><input type=radio name=account value=second>"
            "<input type=checkbox name=unticked value=1><select name=page><option value=7><option value=8 selected></select>"
            "<button name=decision value=approve>Yes</button><button name=decision value=deny>No</button></form>"
        )
        self.assertEqual((form.action, form.method), ("/go", "post"))
        self.assertEqual(form.fields, {"state": "a&b", "account": "first", "page": "8", "decision": "approve"})


class TheTable(unittest.TestCase):
    def test_reads_moments_with_any_number_of_decimals(self):
        one = first_post.moment("2026-12-01T09:00:00.123456789+01:00")
        other = first_post.moment("2026-12-01T08:00:00Z")
        self.assertEqual(one - other, timedelta(microseconds=123456))

    def test_has_columns_as_wide_as_their_widest_cell(self):
        self.assertEqual(table([["mastodon", 1]], ["network", "n"]), "network   n\n────────  ─\nmastodon  1")


class ThePicture(unittest.TestCase):
    def test_is_a_png_of_its_size(self):
        image = picture.draw()
        self.assertEqual(image[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(int.from_bytes(image[16:20], "big"), picture.WIDTH)
        start = image.index(b"IDAT") + 4
        length = int.from_bytes(image[start - 8 : start - 4], "big")
        self.assertEqual(len(zlib.decompress(image[start : start + length])), picture.HEIGHT * (1 + 3 * picture.WIDTH))
        self.assertLess(len(image), 1_000_000)


class TheCount(unittest.TestCase):
    LINES = """
test delivery::moves ... ok
test store::clock ... FAILED
test pds::publishes ... ignored, Node.js is not installed
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
""".strip().splitlines()

    def run_with(self, lines, code):
        def pretend(_command, _env, each_line):
            for line in lines:
                each_line(line)
            return code

        with mock.patch("checks.run_command", pretend):
            return checks.cargo_test("--workspace")

    def test_adds_up_what_every_binary_says(self):
        outcome = self.run_with(self.LINES, 101)
        self.assertEqual((outcome.passed, outcome.failed, outcome.skipped), (41, 1, 1))
        self.assertEqual(outcome.failures, ["store::clock"])
        self.assertEqual(outcome.reasons, ["pds::publishes: Node.js is not installed"])

    def test_leaves_out_what_has_its_turn_on_the_stack(self):
        lines = ["test kms ... ignored, needs a whole AWS in CRIEUR_TEST_AWS_URL"]
        outcome = self.run_with([*lines, "test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured"], 0)
        self.assertEqual((outcome.skipped, outcome.reasons), (0, []))

    def test_takes_a_test_that_says_so_for_skipped(self):
        lines = ["test pds::publishes ... skipped: Node.js is not installed", "ok"]
        outcome = self.run_with([*lines, "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured"], 0)
        self.assertEqual((outcome.passed, outcome.skipped, outcome.reasons), (0, 1, ["Node.js is not installed"]))

    def test_takes_a_build_that_fails_for_a_failure(self):
        self.assertEqual(self.run_with([], 101).failed, 1)


class AnInterruption(unittest.TestCase):
    def test_becomes_an_exception_that_cleans_up(self):
        code = (
            "import runpy, sys, signal, os\n"
            "sys.argv = ['infra/local', 'status']\n"
            "import environment\n"
            "environment.enter = lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
            "try: runpy.run_path(sys.path[0], run_name='__main__')\n"
            "except SystemExit as end: print('cleaned up', end.code)\n"
        )
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        said = subprocess.run(
            [sys.executable, "-c", code.replace("sys.path[0]", repr(str(Path(__file__).parent)))],
            env=env, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        self.assertIn(f"cleaned up {128 + signal.SIGTERM}", said.stdout, said.stderr)


if __name__ == "__main__":
    unittest.main()
