"""What was done is told in words; what was deleted can be taken back; who sees a record is explained."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from dialogue.customers.parties.actions import assign_responsible, bin_party, change_party, create_party
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.models import Role
from dialogue.platform.accounts.schedules import keep_house
from dialogue.platform.audit.bin import empty_bin
from dialogue.platform.audit.models import Entry
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(user: Any) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    type(user).objects.filter(pk=user.pk).update(language="en")
    client.force_login(user)
    return client


def customer(cast: Cast, name: str = "Ivanov", **values: Any) -> Party:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        made = create_party(NewParty(kind="person", name=name), by=by)
        for field, value in values.items():
            change_party(made, {field: value}, by=by)
        return made


def test_history_tells_both_values_in_words(cast: Cast) -> None:
    made = customer(cast, name="Ivanov", phase="keep")
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assign_responsible(made, cast.seller.pk, by=cast.actor(cast.owner))
    page = client_of(cast.manager).get(f"/c/romashka/history/parties.party/{made.pk}/").content.decode()
    assert "created the customer" in page
    assert "keeping" in page
    assert "Sergey" in page
    assert client_of(cast.stranger).get(f"/c/romashka/history/parties.party/{made.pk}/").status_code == 404
    assert client_of(cast.manager).get("/c/romashka/history/parties.party/999999/").status_code == 404


def test_whole_history_is_for_who_may_see_it(cast: Cast) -> None:
    customer(cast, "Petrov")
    owner = client_of(cast.owner)
    assert "Petrov" in owner.get("/c/romashka/settings/history/").content.decode()
    assert "Petrov" not in owner.get("/c/romashka/settings/history/?q=nobody").content.decode()
    refused = client_of(cast.seller).get("/c/romashka/settings/history/")
    assert refused.status_code == 403
    assert "Petrov" not in refused.content.decode()


def test_binned_customer_is_restored_by_who_may(cast: Cast) -> None:
    made = customer(cast)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        bin_party(made, by=cast.actor(cast.owner))
    owner = client_of(cast.owner)
    page = owner.get("/c/romashka/settings/bin/").content.decode()
    assert "Ivanov" in page
    assert owner.get(f"/c/romashka/settings/bin/parties.party/{made.pk}/").status_code == 200
    assert client_of(cast.stranger).post(f"/c/romashka/settings/bin/parties.party/{made.pk}/restore/").status_code == 404
    assert owner.post(f"/c/romashka/settings/bin/parties.party/{made.pk}/restore/").status_code == 302
    assert owner.post(f"/c/romashka/settings/bin/parties.party/{made.pk}/restore/").status_code == 404
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assert Party.objects.filter(pk=made.pk).exists()


def test_after_thirty_days_the_bin_is_emptied(cast: Cast) -> None:
    old, fresh = customer(cast, "Old"), customer(cast, "Fresh")
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        bin_party(old, by=by)
        bin_party(fresh, by=by)
        Party.with_bin.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=31))
        assert empty_bin(by) == 1
        assert empty_bin(by) == 0
        assert set(Party.with_bin.values_list("name", flat=True)) == {"Fresh"}
        assert Entry.objects.filter(event="bin.emptied").count() == 1


def test_who_sees_a_record_is_explained(cast: Cast) -> None:
    made = customer(cast)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        Role.objects.filter(code="employee").update(reach={"*": "own"})
        assign_responsible(made, cast.manager.pk, by=cast.actor(cast.owner))
    page = client_of(cast.owner).get(f"/c/romashka/why/parties.party/{made.pk}/").content.decode()
    assert "sees everything" in page
    assert "sees only the records he is responsible for" in page
    assert client_of(cast.seller).get(f"/c/romashka/why/parties.party/{made.pk}/").status_code == 404


def test_night_works_in_every_company(cast: Cast) -> None:
    old = customer(cast, "Old")
    with transaction.atomic(), tenant_scope(cast.company.pk):
        bin_party(old, by=cast.actor(cast.owner))
        Party.with_bin.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    assert keep_house() == 2
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assert not Party.with_bin.exists()
