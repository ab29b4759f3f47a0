"""The SOAP partner API, as zeep reads it from Salesforce's own WSDL; every message is checked against the schema as well."""

import os
import tempfile
from pathlib import Path

from lxml import etree
from zeep import Client, Plugin, Settings
from zeep.exceptions import Fault

from harness import Checks, equal, org, raises

PARTNER = "urn:partner.soap.sforce.com"
FAULTS = "urn:fault.partner.soap.sforce.com"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

check = Checks("zeep")


class Schema:
    """The schemas inside the WSDL, for libxml2."""

    def __init__(self, wsdl: Path, folder: Path):
        schemas = {s.get("targetNamespace"): s for s in etree.parse(wsdl).iter(f"{{{XSD}}}schema")}
        files = {namespace: f"{index}.xsd" for index, namespace in enumerate(schemas)}
        for namespace, schema in schemas.items():
            for imported in schema.iter(f"{{{XSD}}}import"):
                imported.set("schemaLocation", files[imported.get("namespace")])
            etree.ElementTree(schema).write(folder / files[namespace])
        self.schema = etree.XMLSchema(etree.parse(folder / files[PARTNER]))
        self.faults = etree.XMLSchema(etree.parse(folder / files[FAULTS]))

    def validate(self, envelope) -> int:
        """Validates all that an answer carries; how many elements that were."""
        parts = [*envelope.findall(f"{{{SOAP}}}Header/*"), *envelope.findall(f"{{{SOAP}}}Body/*")]
        detail = envelope.findall(f"{{{SOAP}}}Body/{{{SOAP}}}Fault/detail/*")
        for part in detail or parts:
            (self.faults if detail else self.schema).assertValid(etree.ElementTree(part))
        return len(detail or parts)


class Validation(Plugin):
    """Holds every answer against the schema before zeep reads it."""

    def __init__(self, schema: Schema):
        self.schema = schema
        self.validated = 0

    def ingress(self, envelope, http_headers, operation):
        self.validated += self.schema.validate(envelope)
        return envelope, http_headers


class Partner:
    """A client of the org's partner API."""

    def __init__(self, the_org, folder: Path):
        wsdl = Path(os.environ["PARTNER_WSDL"])
        self.org = the_org
        self.validation = Validation(Schema(wsdl, folder))
        settings = Settings(strict=True, xml_huge_tree=True)
        self.client = Client(str(wsdl), settings=settings, plugins=[self.validation])
        self.client.transport.session.trust_env = False
        self.service = self.at(f"{the_org.url}/services/Soap/u/47.0")

    def at(self, address: str):
        return self.client.create_service(f"{{{PARTNER}}}SoapBinding", address)

    def header(self, name: str, **parts):
        return self.client.get_element(f"{{{PARTNER}}}{name}")(**parts)

    def login(self, username=None, password=None, headers=()):
        """The result of `login`; the administrator's unless someone else is given."""
        username = username or self.org.username
        password = password or self.org.password + self.org.security_token
        return self.service.login(username=username, password=password, _soapheaders=list(headers))

    def signed_in(self):
        """A service at the address that `login` tells, and the header of the session."""
        result = self.login()
        return self.at(result.serverUrl), [self.header("SessionHeader", sessionId=result.sessionId)], result

    def fault_of(self, error: Fault):
        """The detail of a fault, read by the schema."""
        detail = error.detail[0]
        kind = detail.get(f"{{{XSI}}}type").removeprefix("sf:")
        return kind, self.client.get_type(f"{{{FAULTS}}}{kind}").parse_xmlelement(detail, self.client.wsdl.types)


@check
def login_gives_a_session(partner: Partner):
    """login gives a session and who the user is"""
    result = partner.login()
    equal(result.passwordExpired, False)
    equal(result.userInfo.organizationId, partner.org.organization_id)
    equal(result.userInfo.userName, partner.org.username)
    assert result.sessionId.startswith(partner.org.organization_id[:15] + "!")
    assert result.serverUrl.startswith(partner.org.url + "/services/Soap/u/47.0/")


@check
def call_options_are_taken(partner: Partner):
    """login takes CallOptions"""
    options = partner.header("CallOptions", client="checks/1", defaultNamespace="sf")
    equal(partner.login(headers=[options]).sandbox, False)


@check
def wrong_login(partner: Partner):
    """a wrong password is a LoginFault with INVALID_LOGIN"""
    with raises(Fault) as caught:
        partner.login(password="wrong")
    equal(caught.error.code, "sf:INVALID_LOGIN")
    kind, detail = partner.fault_of(caught.error)
    equal((kind, detail.exceptionCode), ("LoginFault", "INVALID_LOGIN"))
    equal(detail.exceptionMessage, "Invalid username, password, security token; or user locked out.")


@check
def missing_token(partner: Partner):
    """a password without its token is LOGIN_MUST_USE_SECURITY_TOKEN"""
    with raises(Fault) as caught:
        partner.login(password=partner.org.password)
    equal(partner.fault_of(caught.error)[1].exceptionCode, "LOGIN_MUST_USE_SECURITY_TOKEN")


@check
def user_info(partner: Partner):
    """getUserInfo agrees with login, and the header tells the day's requests"""
    service, session, result = partner.signed_in()
    first = service.getUserInfo(_soapheaders=session)
    second = service.getUserInfo(_soapheaders=session)
    equal(first.body.result.userId, result.userId)
    equal(first.body.result.userFullName, result.userInfo.userFullName)
    used = [answer.header.LimitInfoHeader.limitInfo[0] for answer in (first, second)]
    equal(used[1].current, used[0].current + 1)
    equal((used[1].limit, used[1].type), (100_000, "API REQUESTS"))


@check
def timestamp(partner: Partner):
    """getServerTimestamp is a time"""
    service, session, _ = partner.signed_in()
    answer = service.getServerTimestamp(_soapheaders=session)
    assert answer.body.result.timestamp.year >= 2024


@check
def set_password_of_portal_user(partner: Partner):
    """setPassword gives a portal user a password, by which they sign in to their portal"""
    service, session, _ = partner.signed_in()
    username, user_id = portal_user(partner)
    answer = service.setPassword(userId=user_id, password="n3w & <better>", _soapheaders=session)
    assert answer.header.LimitInfoHeader.limitInfo
    scope = partner.header(
        "LoginScopeHeader", organizationId=partner.org.organization_id, portalId=partner.org.portal_id
    )
    equal(partner.login(username, "n3w & <better>", [scope]).userId, user_id)
    with raises(Fault) as caught:
        partner.login(username, "n3w & <better>")
    equal(partner.fault_of(caught.error)[1].exceptionCode, "INVALID_LOGIN")


@check
def set_password_refused(partner: Partner):
    """setPassword refuses weak passwords and unknown ids in their fault types"""
    service, session, _ = partner.signed_in()
    _, user_id = portal_user(partner)
    for target, password, kind, code in (
        (user_id, "weak", "InvalidNewPasswordFault", "INVALID_NEW_PASSWORD"),
        (partner.org.account_id, "g00d enough", "InvalidIdFault", "INVALID_ID_FIELD"),
    ):
        with raises(Fault) as caught:
            service.setPassword(userId=target, password=password, _soapheaders=session)
        found, detail = partner.fault_of(caught.error)
        equal((found, detail.exceptionCode), (kind, code))


@check
def reset_password(partner: Partner):
    """resetPassword gives a random password"""
    service, session, _ = partner.signed_in()
    _, user_id = portal_user(partner)
    answer = service.resetPassword(userId=user_id, _soapheaders=session)
    assert len(answer.body.result.password) >= 8


@check
def expired_sessions(partner: Partner):
    """a session that has ended is INVALID_SESSION_ID"""
    service, session, _ = partner.signed_in()
    partner.org.control("DELETE", "/sessions")
    with raises(Fault) as caught:
        service.getUserInfo(_soapheaders=session)
    kind, detail = partner.fault_of(caught.error)
    equal((kind, detail.exceptionCode), ("UnexpectedErrorFault", "INVALID_SESSION_ID"))
    assert "missing session hash" in detail.exceptionMessage


@check
def logout(partner: Partner):
    """logout ends the session"""
    service, session, _ = partner.signed_in()
    service.logout(_soapheaders=session)
    with raises(Fault) as caught:
        service.getUserInfo(_soapheaders=session)
    equal(partner.fault_of(caught.error)[1].exceptionCode, "INVALID_SESSION_ID")


@check
def expired_password(partner: Partner):
    """an expired password lets in only to set a new one, which brings a new token"""
    partner.org.control("DELETE", "/admin-password")
    service, session, result = partner.signed_in()
    equal(result.passwordExpired, True)
    with raises(Fault) as caught:
        service.getUserInfo(_soapheaders=session)
    equal(partner.fault_of(caught.error)[1].exceptionCode, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD")
    service.setPassword(userId=result.userId, password="n3w Password &", _soapheaders=session)
    service.getUserInfo(_soapheaders=session)
    with raises(Fault):
        partner.login(password="n3w Password &" + partner.org.security_token)


@check
def login_switched_off(partner: Partner):
    """an org with SOAP login off says so"""
    partner.org.control("PATCH", "/switches", {"soapLogin": False})
    with raises(Fault) as caught:
        partner.login()
    kind, detail = partner.fault_of(caught.error)
    equal((kind, detail.exceptionCode), ("UnexpectedErrorFault", "INVALID_OPERATION"))
    equal(detail.exceptionMessage, "SOAP API login() is disabled by default in this org.")


@check
def everything_was_validated(partner: Partner):
    """every answer was held against the schema"""
    assert partner.validation.validated > 20, partner.validation.validated


def portal_user(partner: Partner):
    """Some active portal user's username and id, by REST."""
    session_id = partner.login().sessionId
    answer = partner.client.transport.session.get(
        f"{partner.org.url}/services/data/v47.0/query",
        params={
            "q": "SELECT Id, Username FROM User WHERE UserType = 'CspLitePortal' AND IsActive = true AND Id NOT IN "
            "(SELECT UserId FROM UserLogin WHERE IsFrozen = true) ORDER BY Id LIMIT 1"
        },
        headers={"Authorization": f"Bearer {session_id}"},
        timeout=30,
    )
    answer.raise_for_status()
    user = answer.json()["records"][0]
    return user["Username"], user["Id"]


with org("--users", "50") as served, tempfile.TemporaryDirectory() as work:
    check.run(Partner(served, Path(work)))
