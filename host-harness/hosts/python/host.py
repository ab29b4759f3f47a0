"""A host for provisioning connectors in Python, on wasmtime-py.

It implements what the world `connector` imports and calls what it exports. It shows that the interface needs no particular host; what the
host in Rust does beyond that (limits, egress rules by address, a directory) isn't here.
"""

import base64
import sys
import time
import urllib.error
import urllib.request

from wasmtime import Config, Engine, Store
from wasmtime.component import Component, Linker, Record, ResourceHost, ResourceType, Variant

from placement import Access, Denied, Held

PACKAGE = "identity:provisioning"
VERSION = "0.3.0"
CONNECTOR = f"{PACKAGE}/provisioning-connector@{VERSION}"


class Refused(Exception):
    """An error of the connector."""

    def __init__(self, error):
        super().__init__(f"{error.kind.tag}: {error.message}")
        self.error = error


def record(**fields):
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def plain(value):
    """A value of a component as Python has it: records and variants become dicts."""
    if isinstance(value, Record):
        return {name: plain(member) for name, member in vars(value).items()}
    if isinstance(value, Variant):
        return value.tag if value.payload is None else {value.tag: plain(value.payload)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return sorted(value) if isinstance(value, (set, frozenset)) else value


def declaration(descriptor):
    """What a descriptor declares, in the form that `Access` takes."""
    methods = lambda names: [name.upper() for name in names]
    place = lambda one: {next(iter(one)): next(iter(one.values()))}
    uses = []
    for use in plain(descriptor.uses):
        puts = [{"secret": put["secret"], "form": put["form"], "place": place(put["place"])} for put in use["puts"]]
        takes = [{"secret": take["secret"], "place": place(take["place"])} for take in use["takes"]]
        learns = use["learns"] and [use["learns"][0], place(use["learns"][1])]
        uses.append({**use, "methods": methods(use["methods"]), "puts": puts, "takes": takes, "learns": learns})
    return {"application": descriptor.name, "hosts": plain(descriptor.hosts), "uses": uses}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Job:
    """One job of one tenant: a store of its own."""

    def __init__(self, component, settings=None, secrets=None, approved=None):
        self.store = Store(component.engine)
        self.access = Access(approved or {"hosts": [], "uses": []}, settings or {}, secrets or {})
        self.settings = [*(settings or {}).items(), *self.access.given.items()]
        self.opener = urllib.request.build_opener(NoRedirect)
        self.answers, self.requests, self.session = {}, 0, None
        self.began = time.monotonic()
        linker = Linker(component.engine)
        with linker.root() as root:
            self.link(root, component)
        self.instance = linker.instantiate(self.store, component.component)
        self.exports = self.instance.get_export_index(self.store, CONNECTOR)

    def link(self, root, component):
        functions = {
            f"{PACKAGE}/log@{VERSION}": {"write": self.log},
            f"{PACKAGE}/ledger@{VERSION}": {
                "owners": lambda _, ids: [None for _ in ids],
                "undecided": lambda *_: None,
                "out-of-use": lambda *_: None,
                "begin": lambda _, intents: [True for _ in intents],
                "written": lambda *_: None,
            },
            f"{PACKAGE}/secrets@{VERSION}": {"basic": self.basic, "sign-jwt": self.sign_jwt},
            f"{PACKAGE}/http@{VERSION}": {
                "send": lambda _, request: self.send(request),
                "send-all": lambda _, requests: [self.send(request) for request in requests],
                "start": self.start,
                "finish": lambda _, started: self.answers.pop(started, Variant("other", "no such request")),
            },
        }
        clock = lambda _: record(seconds=int(time.time()), nanoseconds=time.time_ns() % 1_000_000_000)
        for name in component.imports:
            interface = name.partition("@")[0]
            if interface == "wasi:clocks/wall-clock":
                functions[name] = {"now": clock, "resolution": lambda _: record(seconds=0, nanoseconds=1000)}
            elif interface == "wasi:clocks/monotonic-clock":
                functions[name] = {
                    "now": lambda _: int((time.monotonic() - self.began) * 1e9),
                    "resolution": lambda _: 1000,
                    "subscribe-instant": lambda store, when: self.timer(store, when),
                    "subscribe-duration": lambda store, wait: self.timer(store, int((time.monotonic() - self.began) * 1e9) + wait),
                }
            elif interface == "wasi:io/poll":
                functions[name] = {
                    "[method]pollable.block": lambda store, it: self.wait([it], store),
                    "[method]pollable.ready": lambda store, it: self.due(it, store) <= time.monotonic(),
                    "poll": lambda store, them: self.wait(them, store),
                }
        for name in sorted(component.imports, key=lambda name: not name.startswith("wasi:io/poll")):
            with root.add_instance(name) as instance:
                if name.startswith("wasi:io/poll"):
                    instance.add_resource("pollable", ResourceType.host(1), lambda *_: None)
                for function, implementation in functions.get(name, {}).items():
                    instance.add_func(function, implementation)

    def timer(self, store, when):
        # The resource is its time, in milliseconds of the job's clock.
        return ResourceHost.own(when // 1_000_000, 1).to_any(store)

    def due(self, pollable, store):
        return self.began + pollable.to_host(store).rep / 1000

    def wait(self, pollables, store):
        due = [self.due(one, store) for one in pollables]
        time.sleep(max(0, min(due) - time.monotonic()))
        ready = [at for at, one in enumerate(due) if one <= time.monotonic()]
        return ready if len(pollables) > 1 else None

    def log(self, _, level, message, fields):
        if level in ("warn", "error"):
            print(f"{level}: {self.access.named(message)}", file=sys.stderr)

    def basic(self, _, username, secret):
        held = self.access.held.get(secret)
        if held is None or held.kind != "setting" or not self.access.may_be_basic(held.name):
            return Variant("err", "no approved use sends this in the form `basic`")
        value = base64.b64encode(f"{username}:{held.value}".encode()).decode()
        return Variant("ok", self.access.mint(Held(held.name, value, "basic")))

    def sign_jwt(self, _, key, key_id, claims):
        return Variant("err", "this host signs nothing")

    def start(self, _, request):
        self.answers[len(self.answers) + self.requests + 1] = answer = self.send(request)
        return next(number for number, one in self.answers.items() if one is answer)

    def send(self, request):
        method = request.method.upper()
        try:
            leaving = self.access.leaves(method, request.url, request.headers, request.body)
        except Denied as denied:
            return Variant("denied", str(denied))
        self.requests += 1
        sent = urllib.request.Request(leaving.url, leaving.body, dict(leaving.headers), method=method)
        try:
            with self.opener.open(sent, timeout=120) as answer:
                status, headers, body = answer.status, answer.getheaders(), answer.read()
        except urllib.error.HTTPError as answer:
            status, headers, body = answer.code, list(answer.headers.items()), answer.read()
        except OSError as reason:
            return Variant("unreachable", f"no connection: {reason}")
        status, headers, body = self.access.reaches(leaving, status, headers, body)
        # A result is a variant with a tag only where its two types are one to Python, as those of `basic` are.
        return record(status=status, headers=headers, body=body)

    def call(self, name, *arguments):
        index = self.instance.get_export_index(self.store, name, self.exports)
        result = self.instance.get_func(self.store, index)(self.store, *arguments)
        if isinstance(result, Variant) and result.tag == "err":
            raise Refused(result.payload)
        if isinstance(result, Variant) and result.tag == "ok":
            return result.payload
        if isinstance(result, Record) and hasattr(result, "kind") and hasattr(result, "retry"):
            raise Refused(result)
        return result

    def open(self):
        self.session = self.call("open", self.settings)

    def method(self, name, *arguments):
        return self.call(f"[method]session.{name}", self.session, *arguments)


class Connector:
    """A component that is compiled."""

    def __init__(self, path, config=None):
        self.engine = Engine(config or Config())
        with open(path, "rb") as file:
            self.component = Component(self.engine, file.read())
        self.imports = list(self.component.type.imports(self.engine))

    def describe(self):
        return Job(self).call("describe")
