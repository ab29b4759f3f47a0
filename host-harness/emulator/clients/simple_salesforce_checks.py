"""simple-salesforce against the org. It insists on https and on Salesforce's hosts, so an adapter leads both to loopback."""

import csv
import datetime
import io
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceBulkV2ExtractError,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from harness import Checks, equal, org, raises

check = Checks("simple-salesforce")


class Loopback(HTTPAdapter):
    """Sends what is meant for Salesforce by https to the emulator by http."""

    def __init__(self, url: str):
        super().__init__()
        self.host = urlsplit(url).netloc

    def send(self, request, **options):  # pylint: disable=arguments-differ
        parts = urlsplit(request.url)
        if parts.netloc != self.host and not parts.netloc.endswith(".salesforce.com"):
            raise AssertionError(f"a request to {parts.netloc}")
        request.url = urlunsplit(("http", self.host, *parts[2:]))
        return super().send(request, **options)


class Setting:
    """The org, and how to reach it."""

    def __init__(self, served, private_key: str):
        self.org = served
        self.private_key = private_key
        self.contacts = 0

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", Loopback(self.org.url))
        return session

    def sign_in(self, **how) -> Salesforce:
        """Signed in as the administrator by password and token, unless told how else."""
        how = how or {
            "username": self.org.username,
            "password": self.org.password,
            "security_token": self.org.security_token,
        }
        return Salesforce(session=self.session(), **how)

    def new_contact(self, **more) -> dict:
        """The body of a contact that is not there yet."""
        self.contacts += 1
        return {"LastName": f"Checked {self.contacts}", "AccountId": self.org.account_id, **more}


@check
def password_and_token(setting: Setting):
    """signs in by password and token"""
    sf = setting.sign_in()
    equal(sf.query("SELECT Id FROM Organization")["records"][0]["Id"], setting.org.organization_id)
    assert sf.session_id.startswith(setting.org.organization_id[:15] + "!")


@check
def sandbox(setting: Setting):
    """finds out that the org is no sandbox"""
    equal(setting.sign_in().is_sandbox(), False)


@check
def login_failure(setting: Setting):
    """a wrong password is SalesforceAuthenticationFailed"""
    with raises(SalesforceAuthenticationFailed) as caught:
        setting.sign_in(username=setting.org.username, password="wrong", security_token="")
    equal(caught.error.code, "INVALID_LOGIN")
    equal(caught.error.auth_message, "Invalid username, password, security token; or user locked out.")


@check
def retired_version(setting: Setting):
    """a version without login is SalesforceAuthenticationFailed"""
    with raises(SalesforceAuthenticationFailed) as caught:
        setting.sign_in(username=setting.org.username, password="x", security_token="", version="65.0")
    equal(caught.error.code, "UNSUPPORTED_API_VERSION")


@check
def oauth_password(setting: Setting):
    """signs in by the OAuth password flow"""
    sf = setting.sign_in(
        username=setting.org.username,
        password=setting.org.password + setting.org.security_token,
        consumer_key=setting.org.client_id,
        consumer_secret=setting.org.client_secret,
    )
    equal(sf.query("SELECT Id FROM Organization")["totalSize"], 1)
    equal(sf.oauth2("userinfo")["preferred_username"], setting.org.username)


@check
def oauth_refusals(setting: Setting):
    """refused grants are SalesforceAuthenticationFailed with OAuth's codes"""
    for key, secret, password, code, message in (
        (setting.org.client_id, setting.org.client_secret, "wrong", "invalid_grant", "authentication failure"),
        (setting.org.client_id, "wrong", "x", "invalid_client", "invalid client credentials"),
        ("wrong", setting.org.client_secret, "x", "invalid_client_id", "client identifier invalid"),
    ):
        with raises(SalesforceAuthenticationFailed) as caught:
            setting.sign_in(
                username=setting.org.username, password=password, consumer_key=key, consumer_secret=secret
            )
        equal((caught.error.code, caught.error.auth_message), (code, message))


@check
def client_credentials(setting: Setting):
    """signs in by client credentials on a domain of the org's own, and only there"""
    how = {
        "consumer_key": setting.org.client_id, "consumer_secret": setting.org.client_secret, "domain": "northwind.my"
    }
    equal(setting.sign_in(**how).oauth2("userinfo")["preferred_username"], setting.org.username)
    setting.org.control("PATCH", "/switches", {"myDomain": False})
    try:
        with raises(SalesforceAuthenticationFailed) as caught:
            setting.sign_in(**how)
        equal(caught.error.auth_message, "request not supported on this domain")
    finally:
        setting.org.control("PATCH", "/switches", {"myDomain": True})


@check
def jwt_bearer(setting: Setting):
    """signs in by a signed assertion, and not by another key's"""
    how = {"username": setting.org.username, "consumer_key": setting.org.client_id}
    sf = setting.sign_in(privatekey=setting.private_key, **how)
    equal(sf.query("SELECT Id FROM Organization")["totalSize"], 1)
    with raises(SalesforceAuthenticationFailed) as caught:
        setting.sign_in(privatekey=new_key()[0], **how)
    equal((caught.error.code, caught.error.auth_message), ("invalid_grant", "invalid assertion"))
    with warnings.catch_warnings(), raises(SalesforceAuthenticationFailed) as caught:
        warnings.simplefilter("ignore")
        setting.sign_in(privatekey=setting.private_key, **{**how, "username": "nobody@example.com"})
    equal(caught.error.auth_message, "user hasn't approved this consumer")


@check
def paging(setting: Setting):
    """query_all follows all pages, and query_all_iter does it lazily"""
    sf = setting.sign_in()
    count = sf.query("SELECT COUNT() FROM User")["totalSize"]
    headers = {"Sforce-Query-Options": "batchSize=200"}
    first = sf.query("SELECT Id FROM User ORDER BY Id", headers=headers)
    equal((len(first["records"]), first["done"]), (200, False))
    everyone = sf.query_all("SELECT Id FROM User ORDER BY Id", headers=headers)
    equal((everyone["totalSize"], everyone["done"], len(everyone["records"])), (count, True, count))
    lazily = sf.query_all_iter("SELECT Id FROM User ORDER BY Id", headers=headers)
    equal([user["Id"] for user in lazily], [user["Id"] for user in everyone["records"]])
    assert count > 400, count


@check
def relationships(setting: Setting):
    """queries reach across relationships"""
    query = (
        "SELECT Id, Contact.Account.Name, Profile.UserLicense.LicenseDefinitionKey FROM User WHERE Contact.AccountId = "
        f"'{setting.org.account_id}' AND IsActive = true LIMIT 5"
    )
    for user in setting.sign_in().query(query)["records"]:
        assert user["Contact"]["Account"]["Name"]
        assert user["Profile"]["UserLicense"]["LicenseDefinitionKey"]


@check
def rows(setting: Setting):
    """creates, reads, changes and deletes a record"""
    sf = setting.sign_in()
    body = setting.new_contact(FirstName="Zoë & <Sons>")
    made = sf.Contact.create(body)
    equal((made["success"], made["errors"]), (True, []))
    contact = sf.Contact.get(made["id"])
    equal((contact["LastName"], contact["FirstName"]), (body["LastName"], body["FirstName"]))
    equal(contact["attributes"]["type"], "Contact")
    equal(sf.Contact.update(made["id"], {"FirstName": None, "Department": "Checks"}), 204)
    contact = sf.Contact.get(made["id"])
    equal((contact["FirstName"], contact["Department"]), (None, "Checks"))
    equal(sf.Contact.delete(made["id"]), 204)
    with raises(SalesforceResourceNotFound) as caught:
        sf.Contact.get(made["id"])
    equal(caught.error.content[0]["errorCode"], "ENTITY_IS_DELETED")
    found = sf.query(f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{made['id']}'", include_deleted=True)
    equal(found["records"][0]["IsDeleted"], True)


@check
def external_ids(setting: Setting):
    """upserts by an external id and reads by it"""
    sf = setting.sign_in()
    value = "CHECK/Ä"
    path = "External_Id__c/" + quote(value, safe="")
    equal(sf.Contact.upsert(path, setting.new_contact()), 201)
    response = sf.Contact.upsert(path, {"Department": "Upserted"}, raw_response=True)
    equal((response.status_code, response.json()["created"]), (200, False))
    contact = sf.Contact.get_by_custom_id("External_Id__c", value)
    equal((contact["External_Id__c"], contact["Department"]), (value, "Upserted"))


@check
def ambiguous_external_id(setting: Setting):
    """an external id that two records hold is SalesforceMoreThanOneRecord"""
    sf = setting.sign_in()
    for _ in range(2):
        sf.Contact.create(setting.new_contact(External_Id__c="CHECK-TWICE"))
    with raises(SalesforceMoreThanOneRecord) as caught:
        sf.Contact.get_by_custom_id("External_Id__c", "CHECK-TWICE")
    equal(len(caught.error.content), 2)


@check
def malformed_requests(setting: Setting):
    """refused queries and records are SalesforceMalformedRequest"""
    sf = setting.sign_in()
    for query, code in (
        ("SELECT Id FORM User", "MALFORMED_QUERY"),
        ("SELECT Nonsense FROM User", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
    ):
        with raises(SalesforceMalformedRequest) as caught:
            sf.query(query)
        equal(caught.error.content[0]["errorCode"], code)
    with raises(SalesforceMalformedRequest) as caught:
        sf.Contact.create({"FirstName": "Only"})
    equal(
        caught.error.content,
        [
            {
                "message": "Required fields are missing: [LastName]",
                "errorCode": "REQUIRED_FIELD_MISSING",
                "fields": ["LastName"],
            }
        ],
    )


@check
def duplicate_username(setting: Setting):
    """a username that is taken is DUPLICATE_USERNAME"""
    sf = setting.sign_in()
    profile = sf.query("SELECT Id FROM Profile WHERE Name = 'Customer Community User'")["records"][0]["Id"]
    user = {
        "Username": setting.org.username.upper(), "Email": "check@example.com", "LastName": "Check", "Alias": "check",
        "TimeZoneSidKey": "Europe/London", "LocaleSidKey": "en_GB", "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US", "ProfileId": profile, "ContactId": sf.Contact.create(setting.new_contact())["id"],
    }
    with raises(SalesforceMalformedRequest) as caught:
        sf.User.create(user)
    error = caught.error.content[0]
    equal((error["errorCode"], error["fields"]), ("DUPLICATE_USERNAME", ["Username"]))
    user["Username"] = "check.portal@example.com"
    made = sf.User.create(user)
    equal(sf.User.get(made["id"])["Username"], "check.portal@example.com")
    equal(sf.set_password(made["id"], "n3w & <better>"), None)
    with raises(SalesforceMalformedRequest) as caught:
        sf.set_password(made["id"], "weak")
    equal(caught.error.content[0]["errorCode"], "INVALID_NEW_PASSWORD")


@check
def missing_resources(setting: Setting):
    """what is not there is SalesforceResourceNotFound"""
    sf = setting.sign_in()
    with raises(SalesforceResourceNotFound) as caught:
        sf.Contact.get("003000000000000AAA")
    equal(caught.error.content[0]["errorCode"], "NOT_FOUND")
    with raises(SalesforceResourceNotFound):
        sf.restful("nonsense")


@check
def expired_sessions(setting: Setting):
    """an ended session is SalesforceExpiredSession without a login, and is renewed with one"""
    sf = setting.sign_in()
    bare = setting.sign_in(session_id=sf.session_id, instance_url=setting.org.url.replace("http", "https"))
    equal(bare.query("SELECT Id FROM Organization")["totalSize"], 1)
    setting.org.control("DELETE", "/sessions")
    with raises(SalesforceExpiredSession) as caught:
        bare.query("SELECT Id FROM Organization")
    equal(caught.error.content, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
    equal(sf.query("SELECT Id FROM Organization")["totalSize"], 1)


@check
def limits(setting: Setting):
    """reads limits and usage, and a used-up day is SalesforceRefusedRequest"""
    sf = setting.sign_in()
    daily = sf.limits()["DailyApiRequests"]
    used = sf.api_usage["api-usage"]
    equal(used.total, daily["Max"])
    assert daily["Max"] - daily["Remaining"] <= used.used
    setting.org.control("PUT", "/api-requests", {"max": used.used})
    try:
        with raises(SalesforceRefusedRequest) as caught:
            sf.query("SELECT Id FROM Organization")
        equal(caught.error.content[0]["errorCode"], "REQUEST_LIMIT_EXCEEDED")
    finally:
        setting.org.control("PUT", "/api-requests", {"max": daily["Max"]})


@check
def describes(setting: Setting):
    """describes the org and its objects"""
    sf = setting.sign_in()
    names = {each["name"] for each in sf.describe()["sobjects"]}
    assert {"Account", "Contact", "User", "UserLicense", "PermissionSetAssignment", "GroupMember"} <= names, names
    user = sf.User.describe()
    fields = {field["name"]: field for field in user["fields"]}
    equal((fields["Username"]["idLookup"], fields["Username"]["length"]), (True, 80))
    equal((fields["IsPortalEnabled"]["createable"], fields["IsPortalEnabled"]["updateable"]), (False, True))
    equal(user["keyPrefix"], "005")
    equal(sf.User.metadata()["objectDescribe"]["name"], "User")


@check
def collections(setting: Setting):
    """writes collections, where a bad record does not fail its neighbours"""
    sf = setting.sign_in()
    records = [{"attributes": {"type": "Contact"}, **setting.new_contact()} for _ in range(3)]
    del records[1]["LastName"]
    results = sf.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    equal([result["success"] for result in results], [True, False, True])
    equal(results[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING")


@check
def composite(setting: Setting):
    """runs a composite request whose second part takes an id from the first"""
    sf = setting.sign_in()
    base = f"/services/data/v{sf.sf_version}/sobjects/Contact"
    request = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": base, "referenceId": "made", "body": setting.new_contact()},
            {"method": "PATCH", "url": base + "/@{made.id}", "referenceId": "changed", "body": {"Department": "Composite"}},
            {"method": "GET", "url": base + "/@{made.id}?fields=Department", "referenceId": "read"},
        ],
    }
    answers = sf.restful("composite", method="POST", json=request)["compositeResponse"]
    equal([answer["httpStatusCode"] for answer in answers], [201, 204, 200])
    equal(answers[2]["body"]["Department"], "Composite")


@check
def replication(setting: Setting):
    """lists what was updated and deleted"""
    sf = setting.sign_in()
    kept, gone = (sf.Contact.create(setting.new_contact())["id"] for _ in range(2))
    sf.Contact.delete(gone)
    now = datetime.datetime.now(datetime.timezone.utc)
    span = (now - datetime.timedelta(minutes=30), now + datetime.timedelta(minutes=30))
    assert kept in sf.Contact.updated(*span)["ids"]
    assert gone in [record["id"] for record in sf.Contact.deleted(*span)["deletedRecords"]]


@check
def bulk_query(setting: Setting):
    """runs a Bulk 2.0 query page by page"""
    sf = setting.sign_in()
    count = sf.query("SELECT COUNT() FROM Contact")["totalSize"]
    pages = list(sf.bulk2.Contact.query("SELECT Id, LastName FROM Contact ORDER BY Id", max_records=100, wait=0.05))
    records = [record for page in pages for record in csv.DictReader(io.StringIO(page))]
    assert len(pages) > 1, "one page is no test of locators"
    equal(len({record["Id"] for record in records}), count)
    equal(set(records[0]), {"Id", "LastName"})


@check
def bulk_query_failure(setting: Setting):
    """a Bulk 2.0 query that cannot be run is an error"""
    try:
        list(setting.sign_in().bulk2.Contact.query("SELECT Nonsense FROM Contact", wait=0.05))
    except (SalesforceMalformedRequest, SalesforceBulkV2ExtractError) as error:
        assert "INVALID_FIELD" in str(error) or "No such column" in str(error), error
        return
    raise AssertionError("nothing was raised")


@check
def bulk_ingest(setting: Setting):
    """inserts, updates, upserts and deletes by Bulk 2.0, and fetches the failures"""
    sf = setting.sign_in()
    contacts = sf.bulk2.Contact
    records = [
        {"LastName": "Bulk, \"quoted\"", "AccountId": setting.org.account_id, "External_Id__c": "BULK-1"},
        {"LastName": "", "AccountId": setting.org.account_id, "External_Id__c": "BULK-2"},
        {"LastName": "Line\nbreak", "AccountId": setting.org.account_id, "External_Id__c": "BULK-3"},
    ]
    result = contacts.insert(records=records, wait=0.05)[0]
    equal((result["numberRecordsProcessed"], result["numberRecordsFailed"]), (3, 1))
    failed = list(csv.DictReader(io.StringIO(contacts.get_failed_records(result["job_id"]))))
    equal(len(failed), 1)
    assert failed[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:"), failed[0]["sf__Error"]
    done = list(csv.DictReader(io.StringIO(contacts.get_successful_records(result["job_id"]))))
    equal([record["sf__Created"] for record in done], ["true", "true"])
    equal(done[0]["LastName"], "Bulk, \"quoted\"")
    ids = [record["sf__Id"] for record in done]

    changes = [{"Id": record, "Department": "Bulk"} for record in ids]
    equal(contacts.update(records=changes, wait=0.05)[0]["numberRecordsFailed"], 0)
    upserts = [{"External_Id__c": name, "LastName": "Upserted", "AccountId": setting.org.account_id} for name in
               ("BULK-1", "BULK-4")]
    result = contacts.upsert(records=upserts, external_id_field="External_Id__c", wait=0.05)[0]
    done = list(csv.DictReader(io.StringIO(contacts.get_successful_records(result["job_id"]))))
    equal([record["sf__Created"] for record in done], ["false", "true"])
    equal(sf.Contact.get(ids[0])["Department"], "Bulk")
    equal(contacts.delete(records=[{"Id": record} for record in ids], wait=0.05)[0]["numberRecordsFailed"], 0)
    with raises(SalesforceResourceNotFound):
        sf.Contact.get(ids[0])


@check
def login_switched_off(setting: Setting):
    """an org with SOAP login off says so"""
    setting.org.control("PATCH", "/switches", {"soapLogin": False})
    with raises(SalesforceAuthenticationFailed) as caught:
        setting.sign_in()
    equal(caught.error.code, "INVALID_OPERATION")
    equal(caught.error.auth_message, "SOAP API login() is disabled by default in this org.")


def new_key() -> tuple[str, str]:
    """A new private key and its public key, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def main() -> None:
    private, public = new_key()
    with tempfile.TemporaryDirectory() as work:
        key_file = Path(work) / "app.pem"
        key_file.write_text(public)
        with org("--users", "500", "--app-key", str(key_file)) as served:
            check.run(Setting(served, private))


main()
