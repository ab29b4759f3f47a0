"""Canaille, an identity provider, creates, changes, groups, deactivates and deletes users through the service, and the emulated
organization follows.

    canaille_checks.py URL TOKEN TENANT DATA BINARY TENANTS

TENANTS is a file by which the organization is read without the host's directory, to see what is in it.
"""

import datetime
import json
import logging
import os
import subprocess
import sys
import urllib.request

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

url, token, tenant, data, binary, tenants = sys.argv[1:7]
PROFILE = "Customer Community User"
PLUS = "Customer Community Plus User"
failures = []


def check(what: str, holds: bool, seen: object = "") -> None:
    print(f"  {'ok' if holds else 'FAILED'}: {what}" + ("" if holds else f" (seen: {seen})"))
    if not holds:
        failures.append(what)


def host(*arguments: str) -> str:
    command = [binary, "--data", data, "--json", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def organization(start: str) -> tuple:
    """The status and the profile of the organization's user whose username begins so, and None for both if there is none."""

    def ask(*arguments: str):
        command = [binary, "--data", data + "-apart", "--tenants", tenants, "--json", *arguments]
        quiet = {**os.environ, "RUST_LOG": "error"}
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=quiet).stdout)

    read = ask("import", tenant, "--grants")
    found = [one for one in read["users"] if one["username"].startswith(start)]
    if not found:
        return None, None
    names = {one["id"]: one["name"] for one in ask("entitlements", tenant, "profile")}
    profiles = [names.get(grant["id"]) for grant in found[0]["grants"] if grant["kind"] == "profile"]
    return found[0]["status"], profiles[0] if profiles else None


def users() -> list:
    """The client's users, as the service has them."""
    request = urllib.request.Request(url + "/Users", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)["Resources"]


def user(name: str) -> dict:
    found = [one for one in users() if one["userName"] == name]
    return found[0] if found else {}


def provisioning(one: dict) -> dict:
    extensions = [value for key, value in one.items() if ":extension:salesforce" in key]
    return extensions[0].get("provisioning", {}) if extensions else {}


logging.disable(logging.ERROR)
app = create_app(
    config={
        "SECRET_KEY": "x" * 32,
        "SERVER_NAME": "canaille.example",
        "TESTING": True,
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False},
        "CANAILLE_OIDC": {},
        "CANAILLE_SCIM": {"ENABLE_CLIENT": True},
    }
)
with app.test_request_context("/"), app.backend.session():
    now = datetime.datetime.now(datetime.timezone.utc)
    client = models.Client(
        client_id="host", client_name="host", client_uri=url, client_secret="s", scope=["openid"],
        grant_types=["client_credentials"], response_types=["code"], redirect_uris=["http://127.0.0.1/back"],
    )
    Backend.instance.save(client)
    lasting = models.Token(
        token_id="t", access_token=token, subject=None, audience=[client], client=client, scope=["openid"],
        issue_date=now, lifetime=360_000,
    )
    Backend.instance.save(lasting)
    check("the client is one that Canaille tells of everybody", client.trusted)

    def person(name: str):
        email = f"{name.lower()}@canaille.example"
        one = models.User(
            user_name=email, given_name=name, family_name="Tester", formatted_name=f"{name} Tester",
            display_name=name, emails=[email], password="correct horse battery",
        )
        return one

    # A group of Canaille has members from the start, so the first user comes before its profile: it waits, and says for what.
    ada = person("Ada")
    Backend.instance.save(ada)
    kept = user("ada@canaille.example")
    check("a user without a profile waits", provisioning(kept).get("kind") == "missing-grant", kept or users())
    there = organization("ada@canaille.example")
    check("the organization does not have it yet", there == (None, None), there)
    group = models.Group(display_name="Customers", members=[ada])
    Backend.instance.save(group)
    groups = json.loads(host("scim", "groups", tenant, "canaille"))
    check("the group is there with its member", [(one["name"], one["members"]) for one in groups] == [("Customers", 1)], groups)
    host("scim", "map", tenant, "canaille", "Customers", "--grant", f"profile={PROFILE}")
    ada.title = "Countess"
    Backend.instance.save(ada)
    found = user("ada@canaille.example")
    check("a change brings the user into the organization", provisioning(found).get("state") == "done", found)
    there = organization("ada@canaille.example")
    check("the organization has the user with the profile of its group", there == ("active", PROFILE), there)
    check("the change is there", found.get("title") == "Countess", found)
    plus = models.Group(display_name="Plus", members=[ada])
    Backend.instance.save(plus)
    host("scim", "map", tenant, "canaille", "Plus", "--grant", f"profile={PLUS}", "--priority", "1")
    ada.title = "Countess of Lovelace"
    Backend.instance.save(ada)
    there = organization("ada@canaille.example")
    check("another group changes the profile in the organization", there == ("active", PLUS), there)
    ada.lock_date = now
    Backend.instance.save(ada)
    found = user("ada@canaille.example")
    check("a locked user is deactivated", found.get("active") is False and provisioning(found).get("state") == "done", found)
    there = organization("ada@canaille.example")
    check("the organization's user is out of use", there[0] in ("inactive", "frozen"), there)
    ada.lock_date = None
    Backend.instance.save(ada)
    found = user("ada@canaille.example")
    check("an unlocked user is active again", found.get("active") is True and provisioning(found).get("state") == "done", found)
    there = organization("ada@canaille.example")
    check("the organization's user is in use again", there == ("active", PLUS), there)
    Backend.instance.delete(group)
    Backend.instance.delete(plus)
    check("deleted groups are gone", json.loads(host("scim", "groups", tenant, "canaille")) == [])
    Backend.instance.delete(ada)
    check("a deleted user is gone", users() == [], users())
    there = organization("ada@canaille.example")
    check("the organization's user has given up its username", there == (None, None), there)
    trail = host("audit", "--limit", "200")
    check("the trail names the client", "scim:canaille" in trail)
    check("no password is in the trail", "correct horse" not in trail)

print(f"canaille: {len(failures)} failed")
sys.exit(bool(failures))
