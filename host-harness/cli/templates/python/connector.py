"""The interface's side: what a host calls, put into the terms of `application.py`.

componentize-py makes the component from this file. `wit/connector.wit` says what each function has to do.
"""

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.exports import provisioning_connector as api
from wit_world.imports import http, ledger, types

import application
from application import Client, Plan, Refusal

SETTINGS = [
    ("address", "Address", "The address of the application, such as https://acme.example", api.SettingKind_Host()),
    ("api-key", "API key", "Create one in the application, under its settings", api.SettingKind_Secret()),
]
KEY = api.Put("api-key", api.SecretForm_Plain(), api.Place_Header(("authorization", "Bearer ")))
NEW_PASSWORD = api.Put("new-password", api.SecretForm_Plain(), api.Place_Json("/password"))
METHODS = {"GET": http.Method.GET, "POST": http.Method.POST, "PATCH": http.Method.PATCH, "PUT": http.Method.PUT}


def error(refusal):
    """A refusal as the interface has it."""
    kind, _, name = refusal.kind.partition(":")
    if kind == "other":
        kind = types.ErrorKind_Other(name)
    else:
        kind = getattr(types, "ErrorKind_" + "".join(part.capitalize() for part in kind.split("-")))()
    retry, _, seconds = refusal.retry.partition(":")
    match retry:
        case "never":
            retry = types.Retry_Never()
        case "at-once":
            retry = types.Retry_AtOnce()
        case "after":
            retry = types.Retry_After(int(seconds))
        case _:
            retry = types.Retry_AfterRemedy()
    upstream = None
    if refusal.upstream is not None:
        status, code, message, field = refusal.upstream
        upstream = types.Upstream(status, code, message, [field] if field else [], None)
    return types.Error(kind, refusal.message, refusal.remedy, retry, upstream)


def refusing(function):
    """Hands a refusal of a whole call to the host. Any other exception ends the job, with its traceback."""

    def wrapped(*arguments):
        try:
            return function(*arguments)
        except Refusal as refusal:
            raise Err(error(refusal)) from refusal

    return wrapped


def each(items, do):
    """One result for each item, in order: a bad one never fails its neighbours."""
    results = []
    for item in items:
        try:
            results.append(Ok(do(item)))
        except Refusal as refusal:
            results.append(Err(error(refusal)))
    return results


def send(method, url, headers, body):
    try:
        answer = http.send(http.Request(METHODS[method], url, headers, body))
    except Err as failed:
        reason = failed.value
        match reason:
            case http.Failure_Denied() | http.Failure_Unreachable() | http.Failure_Tls():
                remedy = "Check `address`, and that the host may be reached."
                raise Refusal("unreachable", reason.value, remedy) from failed
            case http.Failure_Other():
                raise Refusal("other:request", reason.value, "Report this to the author of the connector.") from failed
            case _:
                told = f"no complete answer came from {url}"
                raise Refusal("transient", told, None, "at-once") from failed
    return answer.status, answer.body


def missing(settings):
    return [name for name, *_ in SETTINGS if not settings.get(name)]


def client(settings):
    absent = missing(settings)
    if absent:
        told = "these settings are missing: " + ", ".join(absent)
        raise Refusal("invalid-settings", told, "Fill in " + ", ".join(absent) + ".")
    return Client(settings["address"], settings["api-key"], send)


class ProvisioningConnector(exports.ProvisioningConnector):
    def describe(self):
        features = types.Features
        return api.Descriptor(
            name="Sample application",
            version="0.1.0",
            features=features.IMPORT_NEW_USERS
            | features.IMPORT_PROFILE_UPDATES
            | features.INCREMENTAL_IMPORT
            | features.PUSH_NEW_USERS
            | features.PUSH_PROFILE_UPDATES
            | features.PUSH_USER_DEACTIVATION
            | features.REACTIVATE_USERS
            | features.SYNC_PASSWORD
            | features.PLAN,
            settings=[
                api.Setting(name, label, help, kind, True, api.Panel.INTEGRATION, False)
                for name, label, help, kind in SETTINGS
            ],
            grants=[api.GrantKind("group", "Groups", True)],
            hosts=[api.HostEntry("application", api.HostSource_Setting("address"), None)],
            uses=[
                api.SecretUse(
                    "manage-users",
                    ["application"],
                    [http.Method.GET, http.Method.POST, http.Method.PATCH],
                    "/api/**",
                    [KEY],
                    [],
                    None,
                ),
                api.SecretUse(
                    "set-password",
                    ["application"],
                    [http.Method.PUT],
                    "/api/users/{id}/password",
                    [KEY, NEW_PASSWORD],
                    [],
                    None,
                ),
            ],
        )

    def test_credentials(self, settings):
        settings = dict(settings)
        absent = missing(settings)
        probes = []
        for name, *_ in SETTINGS:
            if name in absent:
                kind = types.ErrorKind_InvalidSettings()
                probe = api.Probe(name, api.Verdict.FAILED, kind, f"`{name}` is missing", f"Fill in `{name}`.")
            else:
                probe = api.Probe(name, api.Verdict.PASSED, None, f"`{name}` is filled in", None)
            probes.append(probe)
        if absent:
            probes.append(api.Probe("sign-in", api.Verdict.SKIPPED, None, "a setting is missing", None))
            return probes
        try:
            found = client(settings).sign_in()
            probes.append(api.Probe("sign-in", api.Verdict.PASSED, None, f"the key opens {found['name']}", None))
        except Refusal as refusal:
            told = error(refusal)
            remedy = told.remedy or "Try again later."
            probes.append(api.Probe("sign-in", api.Verdict.FAILED, told.kind, told.message, remedy))
        return probes

    @refusing
    def open(self, settings):
        signed_in = client(dict(settings))
        signed_in.sign_in()
        return Session(signed_in)


class Session(api.Session):
    def __init__(self, client):
        self.client = client

    @refusing
    def list_attributes(self):
        return [
            api.AttributeDefinition(name, label, "string", False, required, True, longest, [])
            for name, label, required, longest in application.ATTRIBUTES
        ]

    @refusing
    def list_entitlements(self, kind, cursor):
        if kind != "group":
            raise Refusal("invalid-value", f"there is no kind of grant `{kind}`", "Ask for `group`.", "never")
        if cursor is not None and not cursor.startswith("groups:"):
            raise Refusal("stale-reference", f"`{cursor[:40]}` isn't a cursor of groups", "List them again.")
        page = self.client.groups(cursor.removeprefix("groups:") if cursor else None)
        groups = [api.Entitlement("group", group["id"], group["name"], [], None) for group in page["groups"]]
        return api.EntitlementPage(groups, "groups:" + groups[-1].id if page["more"] else None)

    @refusing
    def import_users(self, query):
        match query.scope:
            case api.ImportScope_Full():
                since, revision, after = 0, None, ""
            case api.ImportScope_Since(watermark):
                since, revision, after = *application.read_cursor(watermark)[:1], None, ""
            case api.ImportScope_Resume(cursor):
                since, revision, after = application.read_cursor(cursor)
        names = [name for name in application.NAMES if not query.attributes or name in query.attributes]
        page = self.client.users(since, after, query.page_size)
        # What changes while the pages are read comes again next time: the watermark is that of the first page.
        revision = page["revision"] if revision is None else revision
        users = [imported(user, names, query.grants) for user in page["users"]]
        following = application.cursor(since, revision, page["users"][-1]["id"]) if page["more"] else None
        watermark = None if page["more"] else application.cursor(revision, revision, "")
        return api.ImportPage(names, users, [], following, watermark)

    @refusing
    def push_users(self, users, mode):
        at = iter(range(len(users)))
        return each(users, lambda user: self.push(user, mode, next(at)))

    def push(self, user, mode, at):
        current = self.client.user(user.id) if user.id else self.client.find(user.key, user.username)
        if current and not user.id:
            self.check_owner(current, user.key, user.username)
        changes = [(change.name, text(change.value)) for change in user.changes]
        groups = [grant.id for grant in user.grants if grant.kind == "group"]
        plan = application.plan(user.key, current, user.username, changes, groups, user.exact_grants)
        return self.carry_out(plan, user.key, mode, at)

    def check_owner(self, current, key, name):
        """A user that carries another person's key, or that the host knows to be somebody else's, isn't touched."""
        owner = ledger.owners([current["id"]])[0]
        confirmed = owner is not None and owner.key == key
        if owner is not None and owner.key != key or not confirmed and current["key"] not in (None, key):
            remedy = "Choose another username, or decide whose the user is."
            raise Refusal("username-taken", f"the user {name} belongs to another person", remedy)

    def carry_out(self, plan, subject, mode, at):
        if isinstance(mode, api.PushMode_ApplyPlanned) and mode.value[at : at + 1] != [plan.digest()]:
            raise Refusal("drifted", f"{subject} has changed since the plan was made", "Plan again.")
        outcome = self.outcome(plan)
        if isinstance(mode, api.PushMode_Plan) or plan.action == "unchanged":
            return outcome
        if not ledger.begin([ledger.Intent(subject, plan.id, outcome.changes)])[0]:
            raise Refusal("drifted", f"{subject} is no longer wanted", "Nothing has to be done.", "never")
        outcome.id = self.client.write(plan, f"the user {subject}")["id"] or plan.id
        ledger.written([ledger.Progress(subject, outcome.id, list(range(len(outcome.changes))))])
        return outcome

    def outcome(self, plan):
        changes = [types.FieldChange("user", *change) for change in plan.changes]
        action = getattr(api.Action, plan.action.upper())
        return api.Outcome(plan.id, action, changes, [], plan.digest())

    @refusing
    def deactivate_users(self, ids, how, mode):
        if how in (api.Deactivation.FREEZE, api.Deactivation.UNLINK):
            raise Refusal("unsupported", "the application can only deactivate", "Choose `deactivate`.", "never")
        at = iter(range(len(ids)))
        return each(ids, lambda id: self.switch(self.client.user(id), False, id, mode, next(at)))

    @refusing
    def reactivate_users(self, ids, mode):
        at = iter(range(len(ids)))
        return each(ids, lambda id: self.switch(self.client.user(id), True, id, mode, next(at)))

    def switch(self, user, active, subject, mode, at):
        if user["active"] == active:
            return self.outcome(Plan("unchanged", user["id"]))
        change = ("active", str(user["active"]).lower(), str(active).lower())
        action = "reactivated" if active else "deactivated"
        return self.carry_out(Plan(action, user["id"], [change], {"active": active}), subject, mode, at)

    @refusing
    def take_back_users(self, people, how, mode):
        at = iter(range(len(people)))
        return each(people, lambda person: self.take_back(person, mode, next(at)))

    def take_back(self, person, mode, at):
        # A user that the person has by now stays. Only one that carries this key can have come from the push that was cut off.
        found = None if person.id else self.client.find(person.key, "")
        if found is None:
            return self.outcome(Plan("unchanged", person.id))
        return self.switch(found, False, person.key, mode, at)

    @refusing
    def sync_passwords(self, passwords):
        return each(passwords, lambda pair: self.client.set_password(*pair))

    def usage(self):
        return api.Usage(self.client.calls, None, None)


def text(value):
    match value:
        case None:
            return None
        case types.Value_Text(text):
            return text
        case _:
            raise Refusal("invalid-value", "every attribute of the application is a text", "Map it to a text.")


def imported(user, names, grants):
    values = [types.Value_Text(user[name]) if user[name] else None for name in names]
    status = types.Status.ACTIVE if user["active"] else types.Status.INACTIVE
    held = [types.Grant("group", group) for group in user["groups"]] if grants else []
    return types.User(user["id"], user["userName"], status, user["modified"], values, held)
