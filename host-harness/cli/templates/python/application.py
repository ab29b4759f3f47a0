"""The application's side: its requests, its users, and what its errors mean.

Plain Python that knows nothing of WebAssembly, so that tests run it as it is. `connector.py` puts it behind the interface. Change this
file for your application first.
"""

import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import quote

# Attributes of a user: name, label, whether a new user needs it, and the most characters.
ATTRIBUTES = [
    ("givenName", "Given name", False, 40),
    ("familyName", "Family name", True, 80),
    ("email", "E-mail", False, 80),
    ("title", "Title", False, 120),
]
NAMES = [name for name, *_ in ATTRIBUTES]

# Users of a page; the application gives no more.
PAGE = 100


@dataclass
class Refusal(Exception):
    """Why something was not done: `kind` is an `error-kind` of the interface."""

    kind: str
    message: str
    remedy: str | None = None
    retry: str = "after-remedy"
    # What the application answered: status, code, message, and the field it names.
    upstream: tuple[int, str, str, str | None] | None = None

    def __str__(self):
        return self.message


@dataclass
class Plan:
    """What a push would do to one user."""

    action: str
    id: str | None
    # Attribute, old value, new value.
    changes: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    body: dict = field(default_factory=dict)

    def digest(self):
        """The same changes to the same user give the same digest."""
        text = json.dumps([self.action, self.id, self.changes], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Client:
    """Talks to the application. `send(method, url, headers, body)` gives status and body, or raises `Refusal`."""

    def __init__(self, address, key, send):
        self.address, self.key, self.send, self.calls = address, key, send, 0

    def request(self, method, path, body=None, about="the request"):
        # The key is a placeholder, which the host replaces on the way out.
        headers = [("authorization", "Bearer " + self.key), ("accept", "application/json")]
        data = None
        if body is not None:
            headers.append(("content-type", "application/json"))
            data = json.dumps(body).encode()
        self.calls += 1
        status, answer = self.send(method, self.address + path, headers, data)
        try:
            answer = json.loads(answer)
        except ValueError:
            answer = {}
        if status >= 400:
            raise refusal(status, answer, about)
        return answer

    def sign_in(self):
        return self.request("GET", "/api/me", about="the sign-in")

    def user(self, id):
        return self.request("GET", "/api/users/" + quote(id, safe=""), about=f"the user {id}")

    def find(self, key, name):
        """The user of a key, or else the one of a name; None if there is neither."""
        for query in ("key=" + quote(key, safe=""), "userName=" + quote(name, safe="")):
            users = self.request("GET", "/api/users?" + query, about=f"the search for {name}")["users"]
            if users:
                return users[0]
        return None

    def users(self, since, after, limit):
        query = f"since={since}&limit={min(max(limit, 1), PAGE)}" + (f"&after={after}" if after else "")
        return self.request("GET", "/api/users?" + query, about="a page of users")

    def groups(self, after):
        query = "?after=" + quote(after, safe="") if after else ""
        return self.request("GET", "/api/groups" + query, about="the groups")

    def write(self, plan, about):
        """Does what a plan says; gives the user as it is then."""
        if plan.action == "created":
            return self.request("POST", "/api/users", plan.body, about)
        return self.request("PATCH", "/api/users/" + quote(plan.id, safe=""), plan.body, about)

    def set_password(self, id, password):
        path = "/api/users/" + quote(id, safe="") + "/password"
        self.request("PUT", path, {"password": password}, f"the password of {id}")


def refusal(status, answer, about):
    """What an answer of the application means. Its own words are kept beside ours."""
    error = answer.get("error") or {}
    code, message, named = error.get("code", str(status)), error.get("message", ""), error.get("field")
    upstream = (status, code, message, named)

    def made(kind, remedy, retry="after-remedy"):
        return Refusal(kind, f"{about} was refused: {message or 'HTTP status ' + str(status)}", remedy, retry, upstream)

    match (status, code):
        case (401, _):
            return made("invalid-credentials", "Create a key in the application and store it as `api-key`.")
        case (403, _):
            return made("permission-denied", "Give the key the right to manage users.")
        case (_, "not-found"):
            return made("stale-reference", "Import the users again; this one is gone.")
        case (_, "name-taken"):
            return made("username-taken", "Choose another username, or confirm that the user is this person's.")
        case (_, "missing"):
            return made("missing-value", f"Give the person a value for `{named}`.")
        case (_, "weak-password"):
            return made("password-rejected", "Choose a password of 8 characters with a digit.")
        case (_, "password-reused"):
            return made("other:password-reused", "Choose a password that the user has not had before.")
        case (429, _):
            return made("rate-limited", None, "after:30")
        case (s, _) if s >= 500:
            return made("transient", None, "at-once")
        case _:
            return made("invalid-value", f"Correct the value of `{named}`." if named else "Correct the request.")


def plan(user, current, name, changes, groups, exact):
    """What has to be done so that `current` (None: there is nobody) is as wanted. `changes` are pairs of attribute and text or None."""
    for attribute, value in changes:
        if attribute not in NAMES:
            known = ", ".join(NAMES)
            raise Refusal("invalid-value", f"{name} can't have the attribute `{attribute}`", f"Use one of {known}.")
    wanted = {attribute: value or None for attribute, value in changes}
    if current is None and not wanted.get("familyName"):
        raise Refusal("missing-value", f"{name} has no `familyName`", "Give the person a family name.")
    have = current or {"userName": None, "key": None, "groups": []}
    result = Plan("created" if current is None else "updated", current and current["id"])
    for attribute, value in [("userName", name), ("key", user), *wanted.items()]:
        if (have.get(attribute) or None) != value:
            result.changes.append((attribute, have.get(attribute), value))
            result.body[attribute] = value
    held = set(have["groups"])
    after = set(groups) if exact else held | set(groups)
    if after != held:
        result.changes.append(("groups", " ".join(sorted(held)) or None, " ".join(sorted(after)) or None))
        result.body["groups"] = sorted(after)
    if current is not None and not result.changes:
        result.action = "unchanged"
    return result


def cursor(since, revision, after):
    """Holds a position, so that an import can go on in another job, on another day."""
    return f"users:{since}:{revision}:{after}"


def read_cursor(text):
    """The position in a cursor."""
    parts = text.split(":")
    if len(parts) != 4 or parts[0] != "users" or not parts[1].isdigit() or not parts[2].isdigit():
        raise Refusal("stale-reference", f"`{text[:40]}` isn't a cursor of this connector", "Start the import again.")
    return int(parts[1]), int(parts[2]), parts[3]
