"""The two commands of this repository: run it all on one machine, test it all on one machine.

    python3 infra/local up        build, start, deploy, connect, publish a first post
    python3 infra/local down      stop what `up` started
    python3 infra/local status    what runs, and where
    python3 infra/local logs      what the functions wrote
    python3 infra/local test      every check there is, and one summary
    python3 infra/local sizes     a release build by the real SAM CLI, and the size of each zip

This file runs under whatever Python there is. It makes `.local/venv` from `requirements.txt` and starts
itself again inside; everything else may then use the packages pinned there.
"""

import sys

if sys.version_info < (3, 10):
    sys.exit(
        "Python 3.10 or newer is needed, and this is %d.%d: install a newer one and run make with PYTHON=python3.12."
        % sys.version_info[:2]
    )

import argparse
import os
import signal

import environment
from console import Stop, fail, say


def arguments():
    parser = argparse.ArgumentParser(prog="python3 infra/local", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="build, start, deploy, connect, publish a first post")
    commands.add_parser("down", help="stop what `up` started")
    commands.add_parser("status", help="what runs, and where")
    commands.add_parser("logs", help="what the functions wrote")
    test = commands.add_parser("test", help="every check there is, and one summary")
    test.add_argument("--only", action="append", metavar="STAGE", help="run this stage alone; may be repeated")
    commands.add_parser("lint", help="formats, lints and the template, nothing that runs")
    commands.add_parser("fmt", help="format every Rust file")
    commands.add_parser("sizes", help="a release build by the SAM CLI, and the size of each zip")
    return parser.parse_args()


def main():
    asked = arguments()
    environment.enter()

    # Inside the virtual environment from here on.
    import checks
    import sizes
    import up

    if asked.command == "up":
        up.up()
    elif asked.command == "down":
        up.down()
    elif asked.command == "status":
        up.status()
    elif asked.command == "logs":
        up.logs()
    elif asked.command == "test":
        sys.exit(checks.run(asked.only))
    elif asked.command == "lint":
        sys.exit(checks.run(checks.LINTS))
    elif asked.command == "fmt":
        checks.format_all()
    elif asked.command == "sizes":
        sizes.print_table()


# However this is asked to end, what it started must end with it; an exception passes through every `finally`.
signal.signal(signal.SIGINT, signal.default_int_handler)
for ending in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(ending, lambda number, _: sys.exit(128 + number))

try:
    main()
except Stop as problem:
    fail(str(problem))
    sys.exit(1)
except KeyboardInterrupt:
    say("")
    fail("stopped by Ctrl-C; what this run had started was stopped again")
    sys.exit(130)
except BrokenPipeError:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
