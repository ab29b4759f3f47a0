"""django-salesforce against the org: Django's queries and models, as SOQL and REST."""

import sys
import types

import django
from django.conf import settings

from harness import Checks, equal, lead_requests_to, org, raises

check = Checks("django-salesforce")

# What the models and the sign-in need; Django wants it before its modules are imported.
settings.configure(
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        "salesforce": {"ENGINE": "salesforce.backend", "AUTH": "salesforce.auth.DynamicAuth"},
    },
    DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    SALESFORCE_QUERY_TIMEOUT=(5, 30),
    SF_LAZY_CONNECT=True,
    USE_TZ=True,
)
django.setup()

# pylint: disable=wrong-import-position
from django.db import connections
from django.db.models import Count
from salesforce import models
from salesforce.auth import RefreshTokenAuth
from salesforce.dbapi.exceptions import SalesforceError

sys.modules.setdefault("northwind", types.ModuleType("northwind"))


class Account(models.SalesforceModel):
    """An account."""

    name = models.CharField(max_length=255, db_column="Name")
    is_portal = models.BooleanField(
        db_column="IsCustomerPortal", sf_read_only=models.NOT_CREATEABLE, default=models.DEFAULTED_ON_CREATE
    )

    class Meta(models.Model.Meta):
        app_label = "northwind"
        db_table = "Account"


class Contact(models.SalesforceModel):
    """A contact with its account."""

    last_name = models.CharField(max_length=80, db_column="LastName")
    first_name = models.CharField(max_length=40, null=True, db_column="FirstName")
    email = models.EmailField(null=True, db_column="Email")
    account = models.ForeignKey(Account, models.DO_NOTHING, null=True, db_column="AccountId")
    newsletter = models.BooleanField(db_column="Newsletter__c", default=False)
    birthdate = models.DateField(null=True, db_column="Birthdate")

    class Meta(models.Model.Meta):
        app_label = "northwind"
        db_table = "Contact"


@check
def sign_in(served):
    """signs in by a refresh token and checks the signature of the answer"""
    auth = RefreshTokenAuth(
        "salesforce",
        settings_dict={
            "HOST": "https://login.salesforce.com",
            "USER": served.username,
            "CONSUMER_KEY": served.client_id,
            "CONSUMER_SECRET": served.client_secret,
            "REFRESH_TOKEN": served.refresh_token,
        },
    )
    token = auth.authenticate()["access_token"]
    connections["salesforce"].connect()
    connections["salesforce"].connection.sf_auth.dynamic_start(token, "https://northwind.my.salesforce.com")


@check
def reads(served):
    """filters, orders, slices and follows a parent"""
    contacts = list(Contact.objects.filter(account_id=served.account_id).order_by("last_name")[:5])
    equal(len(contacts), 5)
    equal([contact.last_name for contact in contacts], sorted(contact.last_name for contact in contacts))
    name = Account.objects.get(pk=served.account_id).name
    equal({contact.account.name for contact in Contact.objects.select_related("account").filter(account__name=name)[:3]}, {name})
    equal(Contact.objects.filter(last_name="O'Nobody").count(), 0)
    equal(Contact.objects.exclude(account=None).filter(email__contains="@").exists(), True)


@check
def aggregates(served):
    """counts in groups"""
    rows = Contact.objects.filter(account_id=served.account_id).values("account_id").order_by("account_id").annotate(n=Count("id"))
    equal(rows[0]["n"], Contact.objects.filter(account_id=served.account_id).count())


@check
def writes(served):
    """saves, changes, creates many and deletes"""
    contact = Contact(last_name="Djan'go", account_id=served.account_id, newsletter=True)
    contact.save()
    contact.first_name = "Ada"
    contact.save()
    again = Contact.objects.get(pk=contact.pk)
    equal((again.last_name, again.first_name, again.newsletter), ("Djan'go", "Ada", True))
    Contact.objects.bulk_create([Contact(last_name=f"Many {number}") for number in range(5)])
    equal(Contact.objects.filter(last_name__startswith="Many ").count(), 5)
    Contact.objects.filter(last_name__startswith="Many ").update(first_name="All")
    equal(Contact.objects.filter(first_name="All").count(), 5)
    contact.delete()
    equal(Contact.objects.filter(pk=contact.pk).exists(), False)


@check
def refusals(served):
    """tells the code and the words of a refusal"""
    with raises(SalesforceError) as caught:
        Contact(last_name="Bad", email="no address").save()
    if "INVALID_EMAIL_ADDRESS" not in str(caught.error):
        raise AssertionError(str(caught.error))


@check
def pages(served):
    """goes through a query page by page"""
    served.control("PATCH", "/switches", {"largestQueryPage": 50})
    names = [contact.pk for contact in Contact.objects.all()]
    equal(len(names), len(set(names)))
    equal(len(names), Contact.objects.count())


with org("--users", "200") as served_org:
    lead_requests_to(served_org.url)
    check.run(served_org)
