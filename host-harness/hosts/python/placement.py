"""Placeholders, approved uses, and what goes out and comes in: docs/interface.md, "Secrets".

A guest holds placeholders. `Access.leaves` puts the secrets in, where an approved use has them; `Access.reaches` takes tokens out of
answers. `wit/placement-vectors.json` has what must come of it, and `test_placement.py` plays that.
"""

import json
import re
import secrets as randomness
import string
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.dom import minidom
from xml.parsers.expat import ExpatError

PLACEHOLDER = re.compile("sk0[A-Za-z0-9]{40}")
LONGEST_BODY = 1 << 20
# The usual names of credentials in answers, and those of their placeholders.
USUAL_NAMES = {name: name.replace("_", "-") for name in ("access_token", "refresh_token", "id_token")} | {"sessionId": "session-id"}
PLAIN_SEGMENT = re.compile(r"[!-~]+")


class Denied(Exception):
    """A request that isn't sent, in a sentence."""


@dataclass
class Held:
    """What a placeholder stands for. `kind` is setting, taken, new-password, basic or jwt; `about` says whose password, or the claims."""

    name: str
    value: str
    kind: str = "setting"
    about: object = None


@dataclass
class Leaving:
    method: str
    url: str
    headers: list
    body: bytes | None
    use: dict | None
    found: list = field(default_factory=list)


def syntax(content_type):
    """The syntax of a body, by its content type; None for one that isn't read."""
    kind, *parameters = [part.strip() for part in content_type.lower().split(";")]
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') != "utf-8":
            return None
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        return "json"
    if kind in ("application/xml", "text/xml") or kind.endswith("+xml"):
        return "xml"
    return "form" if kind == "application/x-www-form-urlencoded" else None


def once(pairs):
    """A JSON object, in which no member stands twice: readers differ in which of two they take."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member of its JSON stands twice")
    return dict(pairs)


class Json:
    def __init__(self, text):
        self.value = json.loads(text, object_pairs_hook=once)

    def change(self, how):
        self.value = self._change(self.value, (), how)

    def _change(self, value, at, how):
        if isinstance(value, str):
            return how(("json", at), value)
        if isinstance(value, list):
            return [self._change(item, (*at, str(number)), how) for number, item in enumerate(value)]
        if isinstance(value, dict):
            for name in value:
                how(("never", "the name of a JSON member"), name)
            return {name: self._change(member, (*at, name), how) for name, member in value.items()}
        return value

    def text(self):
        return json.dumps(self.value, ensure_ascii=False, separators=(",", ":"))


class Form:
    def __init__(self, text):
        self.pairs = parse_qsl(text, keep_blank_values=True)

    def change(self, how):
        for name, _ in self.pairs:
            how(("never", "the name of a form field"), name)
        self.pairs = [(name, how(("form", name), value)) for name, value in self.pairs]

    def text(self):
        return urlencode(self.pairs)


class Xml:
    def __init__(self, text):
        if "<!DOCTYPE" in text:
            raise ValueError("its XML has a document type")
        if re.search(r"<\?(?!xml\s)", text):
            raise ValueError("its XML has a processing instruction")
        self.declaration = (re.match(r"\s*<\?xml.*?\?>", text, re.S) or [""])[0]
        self.document = minidom.parseString(text.encode())

    def change(self, how):
        self._change(self.document.documentElement, (), how)

    def _change(self, element, at, how):
        at = (*at, element.localName)
        how(("never", "an XML tag"), element.tagName)
        for name, value in element.attributes.items():
            how(("never", "an XML attribute"), name + " " + value)
        # Data of one element up to the next tag is one text, also where it was written in pieces.
        run, children = [], list(element.childNodes)
        for node in [*children, None]:
            if node is not None and node.nodeType in (node.TEXT_NODE, node.CDATA_SECTION_NODE):
                run.append(node)
                continue
            if node is not None and node.nodeType == node.COMMENT_NODE:
                how(("never", "an XML comment"), node.data)
                element.removeChild(node)
                continue
            if run:
                data = how(("xml", at), "".join(piece.data for piece in run))
                element.replaceChild(self.document.createTextNode(data), run[0])
                for piece in run[1:]:
                    element.removeChild(piece)
                run = []
            if node is not None:
                self._change(node, at, how)

    def text(self):
        return self.declaration + self.document.documentElement.toxml()


PARSERS = {"json": Json, "form": Form, "xml": Xml}


def fits_pointer(steps, pointer):
    first, *wanted = pointer.split("/")
    if first != "" or len(wanted) != len(steps):
        return False
    return all(name in ("*", step) or name.replace("~1", "/").replace("~0", "~") == step for name, step in zip(wanted, steps))


def is_spot(spot, place):
    (kind, wanted), (where, at) = next(iter(place.items())), spot
    if kind != where:
        return False
    match kind:
        case "json":
            return fits_pointer(at, wanted)
        case "xml":
            return list(at) == wanted.split("/")
        case "form":
            return at == wanted
        case _:
            return at[0].lower() == wanted[0].lower() and at[1] == wanted[1]


def fits_path(pattern, path):
    """Whether a path fits a pattern, and the id in it if the pattern has one."""
    names, wanted = path[1:].split("/"), pattern[1:].split("/")
    plain = lambda name: PLAIN_SEGMENT.fullmatch(name) and not set(name) <= {"."} and not set(name) & set("%\\;?#")
    if not path.startswith("/") or not all(plain(name) for name in names):
        return None
    rest = wanted[-1] == "**"
    if len(names) < len(wanted) if rest else len(names) != len(wanted):
        return None
    about = ""
    for segment, name in zip(wanted, names):
        if segment == "{id}":
            about = name
        elif segment not in ("*", "**", name):
            return None
    return about


def origin(text):
    url = urlsplit(text if "://" in text else "https://" + text)
    if url.scheme not in ("http", "https") or not url.hostname or url.username:
        return None
    port = "" if url.port in (None, {"http": 80, "https": 443}[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{url.hostname.rstrip('.')}{port}"


class Access:
    """What one job of one tenant may do with its secrets. `declaration` is what an admin has approved."""

    def __init__(self, declaration, settings, secrets):
        self.declaration, self.settings = declaration, settings
        self.held, self.names = {}, list(secrets)
        self.hosts = []
        for entry in declaration["hosts"]:
            when = entry.get("when")
            if when and settings.get(when[0], "").strip() != when[1]:
                continue
            source = entry["source"]
            if source != "learned":
                kind, name = next(iter(source.items()))
                found = origin(settings.get(name, "") if kind == "setting" else name)
                if found:
                    self.hosts.append((entry["name"], found))
        self.given = {name: self.mint(Held(name, value)) for name, value in secrets.items()}

    def mint(self, held):
        """A placeholder that stands for this. The same token keeps its placeholder."""
        for placeholder, other in self.held.items():
            if held.kind == "taken" and other == held:
                return placeholder
        letters = string.ascii_letters + string.digits
        placeholder = "sk0" + "".join(randomness.choice(letters) for _ in range(40))
        self.held[placeholder] = held
        return placeholder

    def new_password(self, id, value):
        return self.mint(Held("new-password", value, "new-password", id))

    def find(self, text):
        return [self.held[match] for match in PLACEHOLDER.findall(text) if match in self.held]

    def filled(self, text):
        return PLACEHOLDER.sub(lambda match: self.held[match[0]].value if match[0] in self.held else match[0], text)

    def named(self, text):
        """For people: the names of secrets in the place of placeholders."""
        name = lambda match: "{{" + self.held[match[0]].name + "}}" if match[0] in self.held else match[0]
        return PLACEHOLDER.sub(name, text)

    def leaves(self, method, url, headers, body):
        """The request with its secrets in place. Raises `Denied`."""
        found, parsed = [], None
        for held in self.find(url):
            found.append((held, ("never", "the address")))
        for name, value in headers:
            place = PLACEHOLDER.search(value)
            for held in self.find(value):
                tail = value[place.end() :]
                found.append((held, ("never", "a header field") if tail else ("header", (name, value[: place.start()]))))
        if body and any(match in self.held for match in PLACEHOLDER.findall(body.decode(errors="replace"))):
            parsed = self.parsed(method, url, headers, body)
            parsed.change(lambda spot, text: found.extend((held, spot) for held in self.find(text)) or text)
        use = self.allowed(method, url, found)
        headers = [(name, self.filled(value)) for name, value in headers]
        if parsed is not None:
            parsed.change(lambda spot, text: self.filled(text))
            body = parsed.text().encode()
        return Leaving(method, url, headers, body, use, found)

    def parsed(self, method, url, headers, body):
        where = f"{method} {urlsplit(url).netloc}{urlsplit(url).path}"
        kind = syntax(next((value for name, value in headers if name.lower() == "content-type"), ""))
        try:
            if kind is None:
                raise ValueError("its content type is none that is read")
            if len(body) > LONGEST_BODY:
                raise ValueError("it is too long")
            return PARSERS[kind](body.decode())
        except (ValueError, ExpatError) as reason:
            raise Denied(f"a secret goes out only in a body that the host can read and write anew: {where}: {reason}") from reason

    def allowed(self, method, url, found):
        at, place = origin(url), urlsplit(url)
        names = [name for name, known in self.hosts if known == at]
        if not names:
            raise Denied(f"the host {place.netloc} is none of those that were approved")
        fitting = []
        for use in self.declaration["uses"]:
            about = fits_path(use["path"], place.path)
            if method in use["methods"] and about is not None and set(use["hosts"]) & set(names):
                fitting.append((use, about))
        covers = lambda use, about, one: any(self.covers(put, one, about, at) for put in use["puts"])
        for use, about in fitting:
            if all(covers(use, about, one) for one in found):
                return use
        for held, (kind, spot) in found:
            if not any(covers(use, about, (held, (kind, spot))) for use, about in fitting):
                raise Denied(f"no approved use sends the secret `{held.name}` in {kind} {spot} of {method} {place.netloc}{place.path}")
        if found:
            raise Denied(f"no approved use sends these secrets together in {method} {place.netloc}{place.path}")
        return None

    def covers(self, put, one, about, at):
        held, spot = one
        if put["secret"] != held.name or not is_spot(spot, put["place"]):
            return False
        form = put["form"]
        match held.kind:
            case "setting" | "taken":
                return form == "plain"
            case "new-password":
                return form == "plain" and about in ("", held.about)
            case "basic":
                return form == "basic"
            case _:
                return isinstance(form, dict) and self.bounded(form["jwt"], held.about, at)

    def bounded(self, bounds, claims, at):
        def expands(bound, has):
            if bound == "{host}":
                return has == at
            if bound.startswith("{"):
                return has != "" and self.settings.get(bound[1:-1], "").strip() == has
            return bound == has

        same = zip(("issuer", "subject", "audience"), ("iss", "sub", "aud"))
        soon = claims["exp"] <= time.time() + min(bounds["lifetime"], 300)
        return soon and all(expands(bounds[bound], claims[claim]) for bound, claim in same)

    def may_be_basic(self, name):
        return any(put["secret"] == name and put["form"] == "basic" for use in self.declaration["uses"] for put in use["puts"])

    def reaches(self, leaving, status, headers, body):
        """What the guest sees of an answer."""
        headers = [(name.lower(), value) for name, value in headers]
        headers = [(name, value) for name, value in headers if name not in ("set-cookie", "set-cookie2")]
        use = leaving.use or {}
        takes, learns = use.get("takes", []), use.get("learns")
        after_secret = any(held.kind != "taken" for held, _ in leaving.found)
        for take in takes:
            if "header" in take["place"]:
                field, before = take["place"]["header"]
                headers = [self._taken_header(take, field, before, pair) for pair in headers]
        learned = []
        if (takes or after_secret or learns) and body:
            kind = syntax(next((value for name, value in headers if name == "content-type"), ""))
            try:
                parsed = PARSERS[kind](body.decode())
            except (KeyError, ValueError, ExpatError):
                # It may hold what was to be taken.
                text = body[:1024].decode(errors="replace")
                body = re.sub(r"[A-Za-z0-9!._\-~+/=%]{20,}", "***", text).encode()
            else:
                changed = []

                def take(spot, text):
                    if learns and is_spot(spot, learns[1]):
                        learned.append(text)
                    name = next((one["secret"] for one in takes if is_spot(spot, one["place"])), None)
                    last = spot[1][-1] if spot[0] in ("json", "xml") and spot[1] else spot[1]
                    if name is None and after_secret and spot[0] != "never" and last in USUAL_NAMES:
                        name = USUAL_NAMES[last]
                    if name is None or not text:
                        return text
                    changed.append(name)
                    return self.mint(Held(name, text, "taken"))

                parsed.change(take)
                body = parsed.text().encode() if changed else body
        if learned and status < 300 and self.may_teach(use, leaving.found):
            self.learn(learns[0], learned[-1])
        for placeholder, held in self.held.items():
            sent = any(held is other for other, _ in leaving.found)
            if held.kind == "taken" or sent:
                body = body.replace(held.value.encode(), placeholder.encode())
                headers = [(name, value.replace(held.value, placeholder)) for name, value in headers]
        return status, headers, body

    def _taken_header(self, take, field, before, pair):
        name, value = pair
        if name != field.lower() or not value.startswith(before):
            return pair
        return name, before + self.mint(Held(take["secret"], value[len(before) :], "taken"))

    def may_teach(self, use, found):
        has = {held.name for held, _ in found}
        return all(put["secret"] in has for put in use["puts"] if put["secret"] in self.names)

    def learn(self, entry, address):
        """A learned host counts if the settings name it already. Another one has to be confirmed by an admin, which is not for this host."""
        found = origin(address)
        if found and any(known == found for _, known in self.hosts):
            self.hosts.append((entry, found))
