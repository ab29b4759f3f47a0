"""CumulusCI's own client against the org: its operations on data, and its composite requests side by side."""

import logging
from types import SimpleNamespace

from cumulusci.salesforce_api.utils import get_simple_salesforce_connection
from cumulusci.tasks.bulkdata.step import (
    DataOperationStatus,
    DataOperationType,
    RestApiDmlOperation,
    RestApiQueryOperation,
)
from cumulusci.utils.http.multi_request import CompositeParallelSalesforce

from harness import Checks, equal, lead_requests_to, org

check = Checks("CumulusCI")


class Setting:
    """The org, and CumulusCI's connection to it."""

    def __init__(self, served):
        self.org = served
        self.sf = None

    @property
    def context(self):
        return SimpleNamespace(sf=self.sf, logger=logging.getLogger("cumulusci"), bulk=None)

    def operation(self, operation, fields, **options):
        return RestApiDmlOperation(
            sobject="Contact", operation=operation, api_options=options, context=self.context, fields=fields
        )

    def load(self, operation, fields, rows, **options):
        """What became of the rows: the state of the job, and each row's result."""
        step = self.operation(operation, fields, **options)
        step.start()
        step.load_records(iter(rows))
        step.end()
        return step.job_result.status, list(step.get_results())

    def query(self, soql, fields):
        step = RestApiQueryOperation(sobject="Contact", fields=fields, api_options={}, context=self.context, query=soql)
        step.query()
        return list(step.get_results())


@check
def connects(setting):
    """connects with a token, as at the start of each task"""
    from requests import post  # pylint: disable=import-outside-toplevel

    served = setting.org
    token = post(
        "https://northwind.my.salesforce.com/services/oauth2/token",
        data={"grant_type": "refresh_token", "client_id": served.client_id, "client_secret": served.client_secret,
              "refresh_token": served.refresh_token},
        timeout=30,
    ).json()["access_token"]

    def no_service(_name):
        from cumulusci.core.exceptions import ServiceNotConfigured  # pylint: disable=import-outside-toplevel

        raise ServiceNotConfigured()

    project = SimpleNamespace(
        project__package__api_version="64.0", keychain=SimpleNamespace(get_service=no_service)
    )
    config = SimpleNamespace(instance_url="https://northwind.my.salesforce.com", access_token=token)
    setting.sf = get_simple_salesforce_connection(project, config)
    organization = setting.sf.Organization.get(served.organization_id)
    equal(organization["OrganizationType"], "Enterprise Edition")


@check
def inserts(setting):
    """inserts in collections of 200 and tells which row failed"""
    rows = [[f"Cumulus {number}", "", "True"] for number in range(250)] + [["Bad", "no address", "False"]]
    status, results = setting.load(DataOperationType.INSERT, ["LastName", "Email", "Newsletter__c"], rows)
    equal(status, DataOperationStatus.ROW_FAILURE)
    equal((len(results), sum(result.success for result in results)), (251, 250))
    equal(results[-1].error, "INVALID_EMAIL_ADDRESS: Email: invalid email address: no address (Email)")


@check
def queries(setting):
    """reads all pages"""
    setting.org.control("PATCH", "/switches", {"largestQueryPage": 100})
    rows = setting.query("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Cumulus %'", ["Id", "LastName"])
    equal(len({identifier for identifier, _ in rows}), 250)


@check
def upserts(setting):
    """upserts by an external id, an indexed field and an id, updates and deletes"""
    for key in ("IdP_Key__c", "Email"):
        value = "c@example.com" if key == "Email" else "cci-1"
        for created in (True, False):
            _, results = setting.load(DataOperationType.UPSERT, ["LastName", key], [["Upserted", value]], update_key=key)
            equal((results[0].success, results[0].created), (True, created))
    rows = setting.query("SELECT Id FROM Contact WHERE LastName = 'Upserted'", ["Id"])
    status, _ = setting.load(DataOperationType.UPDATE, ["Id", "Title"], [[row[0], "Dr."] for row in rows])
    equal(status, DataOperationStatus.SUCCESS)
    status, _ = setting.load(DataOperationType.DELETE, ["Id"], rows)
    equal(status, DataOperationStatus.SUCCESS)
    equal(setting.query("SELECT Id FROM Contact WHERE LastName = 'Upserted'", ["Id"]), [])


@check
def describes(setting):
    """describes objects by composite requests side by side, and again if they have changed"""
    date = "Thu, 03 Sep 2099 21:35:07 GMT"
    requests = [
        {"method": "GET", "url": f"/services/data/v64.0/sobjects/{name}/describe", "referenceId": f"ref{name}", "httpHeaders": headers}
        for name in ("Account", "Contact", "User", "Profile")
        for headers in ({"If-Modified-Since": date},)
    ]
    plain = [{**request, "referenceId": f"{request['referenceId']}Plain", "httpHeaders": {}} for request in requests]
    with CompositeParallelSalesforce(setting.sf, max_workers=4, chunk_size=3) as session:
        results, errors = session.do_composite_requests(requests + plain)
    equal(errors, [])
    equal(sorted(result["httpStatusCode"] for result in results), [200] * 4 + [304] * 4)
    if not all(result["httpHeaders"].get("Last-Modified") for result in results):
        raise AssertionError("a part without its date")


@check
def counts(setting):
    """counts records as its data sets do"""
    counted = setting.sf.restful("limits/recordCount?sObjects=Contact,Account")
    equal({entry["name"] for entry in counted["sObjects"]}, {"Account", "Contact"})


with org("--users", "20") as served_org:
    lead_requests_to(served_org.url)
    check.run(Setting(served_org))
