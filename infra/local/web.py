"""Two ways of speaking HTTP: as a program that calls the API, and as a person with a browser."""

import json
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser

from console import Stop


class StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other; whoever asked decides whether to follow."""

    def redirect_request(self, *_):
        return None


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), StayHere())


def fetch(method, url, body=None, headers=None, timeout=60):
    """Returns status, headers and body, whatever the status is."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with DIRECT.open(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()
    except OSError as problem:
        raise Stop(f"{method} {url} got no answer: {problem}.") from problem


class Api:
    """Calls of Crieur's API with one key."""

    def __init__(self, url, key, workspace=None):
        self.url = url
        self.headers = {"Authorization": f"Bearer {key}"} | ({"Crieur-Workspace": workspace} if workspace else {})

    def call(self, method, path, body=None):
        """Returns the answer's JSON. Anything but success ends the command with what the API said."""
        status, answer = self.attempt(method, path, body)
        if status >= 400:
            raise Stop(f"{method} {path} answered {status}:\n{json.dumps(answer, indent=2, ensure_ascii=False)}")
        return answer

    def attempt(self, method, path, body=None):
        """Returns status and JSON."""
        headers = dict(self.headers)
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        status, _, raw = fetch(method, self.url + path, data, headers)
        try:
            return status, json.loads(raw) if raw else None
        except ValueError:
            return status, {"body": raw.decode(errors="replace")[:2000]}


class Form(HTMLParser):
    """The first form of a page, filled in as it stands there, with its first button pressed."""

    def __init__(self, page):
        super().__init__()
        self.action, self.method, self.fields = None, "get", {}
        self.open = self.pressed = False
        self.select = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.open = True
            self.action, self.method = attributes.get("action", ""), attributes.get("method", "get").lower()
        elif self.open and tag in ("input", "button"):
            self.field(tag, attributes)
        elif self.open and tag == "select":
            self.select = attributes.get("name")
        elif self.open and tag == "option" and self.select:
            if "selected" in attributes or self.select not in self.fields:
                self.fields[self.select] = attributes.get("value", "")

    def field(self, tag, attributes):
        kind = attributes.get("type", "submit" if tag == "button" else "text").lower()
        name, value = attributes.get("name"), attributes.get("value", "on" if kind in ("checkbox", "radio") else "")
        if kind == "submit":
            if not self.pressed and name:
                self.fields[name] = value
            self.pressed = True
        elif kind == "radio":
            if name and ("checked" in attributes or name not in self.fields):
                self.fields[name] = value
        elif kind == "checkbox":
            if name and "checked" in attributes:
                self.fields[name] = value
        elif name and kind not in ("button", "reset", "image"):
            self.fields[name] = value

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = False
        elif tag == "select":
            self.select = None


def agree(authorize_url):
    """Walks through a network's consent page as a person would who agrees. Returns the page where it ends."""
    url, method, body = authorize_url, "GET", None
    agreed = False
    for _ in range(10):
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        status, answer_headers, raw = fetch(method, url, body, headers)
        page = raw.decode(errors="replace")
        method, body = "GET", None
        if status in (301, 302, 303, 307, 308):
            url = urllib.parse.urljoin(url, answer_headers["Location"])
            continue
        if status >= 400:
            raise Stop(f"{urllib.parse.urlsplit(url).path} answered {status} while connecting:\n{page[:1000]}")
        form = None if agreed else Form(page)
        if form is None or form.action is None:
            return page
        agreed = True
        url = urllib.parse.urljoin(url, form.action)
        if form.method == "post":
            method, body = "POST", urllib.parse.urlencode(form.fields).encode()
        else:
            url = f"{url}?{urllib.parse.urlencode(form.fields)}"
    raise Stop(f"{authorize_url} redirected ten times.")
