"""`up`, `down`, `status` and `logs`."""

import first_post
import prerequisites
from console import Stop, say, shown, table, tail
from environment import LOCAL
from stack import Stack, answers


def up():
    prerequisites.check()
    stack = Stack(LOCAL)
    with stack.alone():
        facts = stack.start()
        try:
            first_post.connect(facts)
            stack.write(facts)
            first_post.outcome(first_post.publish(facts))
        except BaseException:
            stack.give_up()
            raise
        first_post.where_to_look(facts, shown(stack.file))


def down():
    stack = Stack(LOCAL)
    with stack.alone():
        ended = stack.stop()
    say(f"Stopped {' and '.join(ended)}." if ended else "Nothing was running.")


def logs():
    """What the functions wrote, into files, and the end of each on the terminal."""
    saved = Stack(LOCAL).save_logs()
    if not saved:
        raise Stop("nothing runs here; `make up` starts it, and the logs of the last run lie in .local/logs.")
    for file in saved:
        say(f"━━ {shown(file)}")
        say(tail(file, 20))


def status():
    stack = Stack(LOCAL)
    rows = []
    for name in ("ministack", "sandbox"):
        record = stack.processes.alive(name)
        if record:
            url = f"http://127.0.0.1:{record['port']}"
            rows.append([name, "runs" if answers(url) else "does not answer", url, shown(stack.processes.log(name))])
        else:
            rows.append([name, "stopped", "–", "–"])
    say(table(rows, ["process", "state", "address", "log"]))
    facts = stack.facts()
    if facts and all(row[1] == "runs" for row in rows):
        say()
        say(f"API   {facts['api_url']}")
        say(f"docs  {facts['docs_url']}")
