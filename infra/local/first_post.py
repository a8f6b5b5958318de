"""What a newcomer would do first: a workspace, a key, three accounts, a picture, a post on all of them.

Everything goes over plain HTTP against the public API, and over the sandbox's pages as a browser would.
"""

import json
import shlex
import time
from datetime import datetime, timezone

import picture
from console import Stop, say, step, table
from web import Api, agree, fetch

NETWORKS = ["bluesky", "mastodon", "x"]
FINAL = {"published", "failed", "canceled", "missed", "outcome_unknown", "needs_reconnect", "deleted"}
SCOPES = [
    f"{area}:{access}"
    for area in ("workspaces", "accounts", "posts", "media", "analytics", "inbox", "webhooks", "keys")
    for access in ("read", "write")
]
PATIENCE = 90  # seconds until every delivery must be final


def connect(facts):
    """Makes or finds the workspace, its key and an account per network; adds them to `facts`."""
    admin = Api(facts["api_url"], facts["admin_key"])
    seeds = json.loads(fetch("GET", f"{facts['sandbox_url']}/_control/seeds")[2])
    with step("making a workspace and its key"):
        facts["workspace_id"], facts["workspace_key"] = workspace(admin, facts)
    api = Api(facts["api_url"], facts["workspace_key"])
    with step("connecting an account per network") as waiting_for:
        connected = {account["platform"]: account for account in api.call("GET", "/v1/accounts?limit=100")["data"]}
        for network in NETWORKS:
            waiting_for(f"connecting {network}")
            account = connected.get(network)
            if not stands(account, facts["accounts"]):
                CONNECT[network](api, facts["sandbox_url"], seeds[network])
        facts["accounts"] = {
            account["platform"]: account["id"] for account in api.call("GET", "/v1/accounts?limit=100")["data"]
        }
        missing = [network for network in NETWORKS if network not in facts["accounts"]]
        if missing:
            raise Stop(f"{', '.join(missing)} took part in connecting, but no account is there afterwards.")
    return facts


def workspace(admin, facts):
    """The workspace and key of an earlier run where they still work, else new ones."""
    if facts.get("workspace_key"):
        status, _ = Api(facts["api_url"], facts["workspace_key"]).attempt("GET", "/v1/me")
        if status == 200:
            return facts["workspace_id"], facts["workspace_key"]
    made = admin.call("POST", "/v1/workspaces", {"name": "demo"})
    in_it = Api(facts["api_url"], facts["admin_key"], made["id"])
    key = in_it.call("POST", "/v1/keys", {"name": "demo", "scopes": SCOPES})
    return made["id"], key["secret"]


def stands(account, before):
    """Whether an account of an earlier run is still good. `facts` names none that an older sandbox knew."""
    return account is not None and account["status"] == "active" and account["id"] == before.get(account["platform"])


def connect_x(api, _sandbox, seed):
    app = {name: seed["app"][name] for name in ("client_id", "client_secret")}
    api.call("PUT", "/v1/platforms/x/credentials", app)
    agree(api.call("POST", "/v1/connect/x", {})["authorize_url"])


def connect_mastodon(api, sandbox, _seed):
    agree(api.call("POST", "/v1/connect/mastodon", {"instance": f"{sandbox}/mastodon"})["authorize_url"])


def connect_bluesky(api, sandbox, seed):
    account = seed["accounts"][0]
    login = {"service": f"{sandbox}/bluesky", "identifier": account["handle"], "password": account["password"]}
    api.call("POST", "/v1/connect/bluesky", {"credentials": login})


CONNECT = {"bluesky": connect_bluesky, "mastodon": connect_mastodon, "x": connect_x}


def upload(api, image):
    """Promise, upload, completion. Returns the id of the media."""
    slot = api.call(
        "POST",
        "/v1/media",
        {"file_name": "dusk.png", "content_type": "image/png", "size": len(image), "alt_text": "Hills at dusk, in three shades"},
    )
    to = slot["upload"]
    status, _, answer = fetch(to["method"], to["url"], image, dict(to["headers"]))
    if status not in (200, 201, 204):
        raise Stop(f"the upload of the picture was answered with {status}:\n{answer.decode(errors='replace')[:1000]}")
    api.call("POST", f"/v1/media/{slot['id']}/complete", {})
    end = time.monotonic() + PATIENCE
    while (media := api.call("GET", f"/v1/media/{slot['id']}"))["status"] != "ready":
        if media["status"] == "rejected" or time.monotonic() > end:
            raise Stop(f"the picture is not ready:\n{json.dumps(media, indent=2)}")
        time.sleep(0.2)
    return slot["id"]


def publish(facts):
    """One post with text and picture on every account. Returns it when every delivery is final."""
    api = Api(facts["api_url"], facts["workspace_key"])
    with step("uploading a picture"):
        media = upload(api, picture.draw())
    # The time makes each text its own: networks refuse to say the same thing twice.
    text = f"Oyez, oyez! Crieur is up. {datetime.now().astimezone():%A %H:%M:%S} #hello"
    with step("publishing a first post"):
        post = api.call(
            "POST",
            "/v1/posts",
            {
                "content": {"text": text, "media": [media]},
                "targets": [{"account_id": facts["accounts"][network]} for network in NETWORKS],
                "publish": {"mode": "now"},
            },
        )
    with step("waiting until every network has it") as waiting_for:
        end = time.monotonic() + PATIENCE
        while True:
            post = api.call("GET", f"/v1/posts/{post['id']}")
            open_ones = [one["platform"] for one in post["deliveries"] if one["status"] not in FINAL]
            if not open_ones or time.monotonic() > end:
                return post
            waiting_for(f"waiting for {', '.join(open_ones)}")
            time.sleep(0.2)


def outcome(post):
    """The table of deliveries. Ends the command when one was not published."""
    rows = [
        [one["platform"], one["status"], lateness(one), one.get("permalink") or "–"]
        for one in sorted(post["deliveries"], key=lambda one: one["platform"])
    ]
    say()
    say(table(rows, ["network", "status", "lateness", "link"]))
    if any(one["status"] != "published" for one in post["deliveries"]):
        raise Stop(f"not every network has the post; this is what each one said:\n{json.dumps(post['deliveries'], indent=2)}")


def lateness(delivery):
    """From the moment a delivery was due to the moment its network had it."""
    if not delivery.get("published_at"):
        return "–"
    late = moment(delivery["published_at"]) - moment(delivery["publish_at"])
    return f"{late.total_seconds():.1f} s"


def moment(text):
    """RFC 3339, with any number of decimals; Python before 3.11 reads only three or six."""
    whole, _, rest = text.replace("Z", "+00:00").partition(".")
    if not rest:
        return datetime.fromisoformat(whole).astimezone(timezone.utc)
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return datetime.fromisoformat(f"{whole}.{digits[:6]:0<6}{rest[len(digits):]}").astimezone(timezone.utc)


def where_to_look(facts, stack_file):
    body = {
        "content": {"text": f"My own post, {datetime.now():%H:%M:%S}"},
        "targets": [{"account_id": account} for _, account in sorted(facts["accounts"].items())],
        "publish": {"mode": "now"},
    }
    say()
    say(f"API      {facts['api_url']}")
    say(f"key      {facts['workspace_key']}")
    say(f"docs     {facts['docs_url']}")
    say(f"sandbox  {facts['sandbox_url']}   (what each network shows)")
    say(f"scripts  {stack_file}")
    say()
    say("The next post (networks refuse the same text twice, so change it when you repeat it):")
    say()
    say(f"  curl -s {shlex.quote(facts['api_url'] + '/v1/posts')} \\")
    say(f"    -H {shlex.quote('Authorization: Bearer ' + facts['workspace_key'])} \\")
    say("    -H 'Content-Type: application/json' \\")
    say(f"    -d {shlex.quote(json.dumps(body))}")
    say()
    say("`make down` stops it all.")
