"""Drives the Salesforce connector in this host: tests the credentials, imports, plans and applies, and looks for credentials in the guest.

    python drive.py COMPONENT CONNECTION

CONNECTION is what `host-harness emulator --json` prints.
"""

import json
import secrets
import sys
import time

from host import Connector, Job, declaration, plain, record
from wasmtime.component import Variant


# What Wasmtime reserves behind a linear memory, at least, so that no address of the guest leads elsewhere.
RESERVED = 1 << 30


def linear_memories():
    """The linear memories of this process: what may be written directly before a large reservation (proc(5))."""
    run, end_of_run = [], None
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in list(maps):
            span, rights, *_ = line.split()
            begin, end = (int(part, 16) for part in span.split("-"))
            if begin != end_of_run:
                run = []
            end_of_run = end
            if rights.startswith("rw"):
                run.append((begin, end))
                continue
            if rights.startswith("---") and end - begin >= RESERVED and run:
                content = b""
                for first, last in run:
                    memory.seek(first)
                    content += memory.read(last - first)
                yield content
            run = []


def main(component, connection):
    org = json.loads(connection)
    began = time.monotonic()
    connector = Connector(component)
    approved = declaration(connector.describe())
    settings = {
        "instance-type": "my-domain",
        "my-domain": org["url"],
        "sign-in": "client-credentials",
        "client-id": org["client_id"],
        "organization-id": org["organization_id"],
        "portal-id": org["portal_id"],
        "account-id": org["account_id"],
    }
    job = Job(connector, settings, {"client-secret": org["client_secret"]}, approved)
    print(f"compiled and described in {time.monotonic() - began:.1f} s")
    probes = job.call("test-credentials", job.settings)
    failed = [probe.name for probe in probes if probe.verdict == "failed"]
    assert not failed, [plain(probe) for probe in probes]
    print(f"test: {len(probes)} probes, none failed")
    job.open()
    users, scope = [], Variant("full")
    while scope:
        query = record(scope=scope, page_size=100, attributes=[], grants=False)
        page = job.method("import-users", query)
        users += page.users
        scope = page.next and Variant("resume", page.next)
    print(f"import: {len(users)} users")
    assert len(users) >= 200, len(users)
    grants = job.method("list-entitlements", "profile", None).entitlements
    profile = next(one.id for one in grants if one.name == "Customer Community User")
    # Another user with each run in the same org.
    name = f"pia-{secrets.token_hex(4)}"
    attributes = {"givenName": "Pia", "familyName": name, "email": f"{name}@host.example", "federationId": name}
    user = record(
        key=name,
        id=None,
        username=f"{name}@host.example",
        changes=[record(name=name, value=value) for name, value in attributes.items()],
        grants=[record(kind="profile", id=profile)],
        exact_grants=False,
    )
    planned = job.method("push-users", [user], Variant("plan"))[0]
    assert planned.tag == "ok" and planned.payload.action == "created", plain(planned)
    print(f"plan: {planned.payload.action}, {len(planned.payload.changes)} changes")
    applied = job.method("push-users", [user], Variant("apply-planned", [planned.payload.digest]))[0]
    assert applied.tag == "ok" and applied.payload.id, plain(applied)
    print(f"apply: {applied.payload.action} {applied.payload.id}, {job.requests} requests in all")
    marker = job.access.given["client-secret"].encode()
    tokens = [held.value for held in job.access.held.values() if held.kind in ("setting", "taken")]
    memories = [content for content in linear_memories() if marker in content]
    assert memories, "the guest's memory wasn't found"
    stray = [token[:4] for token in tokens for memory in memories if token.encode() in memory]
    assert not stray, f"credentials are in the guest's memory: {stray}"
    size = sum(map(len, memories)) >> 20
    print(f"memory: none of {len(tokens)} credentials in the {size} MiB that hold the guest's placeholder")


if __name__ == "__main__":
    main(*sys.argv[1:])
