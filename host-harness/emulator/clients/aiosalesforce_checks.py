"""aiosalesforce against the org. It takes https addresses of Salesforce alone, so a transport leads them to loopback."""

import asyncio

import httpx
from aiosalesforce import ClientCredentialsFlow, Salesforce
from aiosalesforce.exceptions import (
    AuthenticationError,
    NotFoundError,
    RequestLimitExceededError,
    SalesforceError,
)

from harness import Checks, equal, org, raises
from httpx_loopback import Loopback

check = Checks("aiosalesforce")


def run(served, work, secret=None):
    """Runs something with a client of its own."""

    async def wrapped():
        async with httpx.AsyncClient(transport=Loopback(served.url), trust_env=False) as http:
            auth = ClientCredentialsFlow(served.client_id, secret or served.client_secret)
            return await work(Salesforce(http, "https://northwind.my.salesforce.com", auth, version="64.0"))

    return asyncio.run(wrapped())


def contact(served, last_name, **fields):
    return {"LastName": last_name, "AccountId": served.account_id, **fields}


@check
def sign_in(served):
    """signs in by client credentials, and not with a wrong secret"""
    limits = run(served, lambda client: client.get_limits())
    equal(limits["DailyApiRequests"]["Max"], 100_000)
    with raises(AuthenticationError) as caught:
        run(served, lambda client: client.get_limits(), secret="wrong")
    equal(caught.error.error_code, "invalid_client")


@check
def pages(served):
    """goes through a query page by page"""

    async def work(client):
        return [record["Id"] async for record in client.query("SELECT Id FROM User")]

    served.control("PATCH", "/switches", {"largestQueryPage": 50})
    found = run(served, work)
    equal(len(found), len(set(found)))
    if len(found) < 200:
        raise AssertionError(f"{len(found)} users")


@check
def records(served):
    """creates, reads, changes, upserts and deletes a record"""

    async def work(client):
        made = await client.sobject.create("Contact", contact(served, "Aio", IdP_Key__c="aio-1"))
        equal((await client.sobject.get("Contact", made, fields=["LastName"]))["LastName"], "Aio")
        await client.sobject.update("Contact", made, {"Title": "Dr."})
        found = await client.sobject.get("Contact", "aio-1", external_id_field="IdP_Key__c")
        equal((found["Id"], found["Title"]), (made, "Dr."))
        told = await client.sobject.upsert("Contact", "aio-1", "IdP_Key__c", {"LastName": "Upserted"})
        equal((told.id, told.created), (made, False))
        await client.sobject.delete("Contact", made)
        with raises(NotFoundError) as caught:
            await client.sobject.get("Contact", made)
        equal(caught.error.error_code, "ENTITY_IS_DELETED")

    run(served, work)


@check
def refusals(served):
    """tells the code and the words of a refusal"""

    async def work(client):
        with raises(SalesforceError) as caught:
            await client.sobject.create("Contact", {"Title": "x"})
        equal(caught.error.error_code, "REQUIRED_FIELD_MISSING")
        equal(caught.error.error_message, "Required fields are missing: [LastName]")

    run(served, work)


@check
def composite(served):
    """refers to an earlier part of a composite request"""

    async def work(client):
        async with client.composite(all_or_none=True) as request:
            account = request.sobject.create("Account", {"Name": "Aio Ltd"})
            person = request.sobject.create("Contact", {"LastName": "Part", "AccountId": str(account.reference.id)})
            read = request.query("SELECT Name FROM Account WHERE Name = 'Aio Ltd'")
        equal(read.records[0]["Name"], "Aio Ltd")
        equal((await client.sobject.get("Contact", person.id))["AccountId"], account.id)
        async with client.composite.batch() as batch:
            good = batch.sobject.get("Contact", person.id)
            bad = batch.sobject.get("Contact", "003000000000001AAA")
        equal((good.is_success, bad.is_success, bad.status_code), (True, False, 404))

    run(served, work)


@check
def bulk(served):
    """inserts by Bulk API 2.0 and is told which row failed"""

    async def work(client):
        rows = [contact(served, f"Bulk {number}") for number in range(5)]
        rows.append(contact(served, "Bad", Email="no address"))
        told = await client.bulk_v2.insert("Contact", rows)
        equal((len(told.successful_results), len(told.failed_results)), (5, 1))
        if not told.failed_results[0]["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:"):
            raise AssertionError(told.failed_results)

    served.control("PATCH", "/switches", {"bulkPolls": 0})
    run(served, work)


@check
def faults(served):
    """tries again after a lock and a server error, and recognizes the limit"""

    async def work(client):
        await client.sobject.create("Contact", contact(served, "Retried"))
        served.control("PUT", "/api-requests", {"max": 1})
        with raises(RequestLimitExceededError):
            await client.get_limits()

    served.control("POST", "/faults", {"method": "POST", "path": "*/Contact", "effect": {"type": "rowLock"}})
    served.control("POST", "/faults", {"method": "POST", "path": "*/Contact", "effect": {"type": "serverError", "status": 503}})
    run(served, work)


with org("--users", "200") as served_org:
    check.run(served_org)
