"""Merging two records of one customer and taking it back, with everything that points to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from dialogue.customers.parties.actions import bin_party, change_party
from dialogue.customers.parties.details import record_consent, relate, set_tags
from dialogue.customers.parties.merging import merge_parties, unmerge_parties
from dialogue.customers.parties.models import ContactPoint, Merge, Party, PartyRelation, PartyTag, RelationType
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.rows import TenantRow
from dialogue.kit.scope import tenant_scope
from dialogue.platform.audit.bin import empty_bin
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.search.models import SearchEntry
from tests.cast import Cast, a_firm, a_person, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


def twins(cast: Cast, by: Actor) -> tuple[Party, Party]:
    """Make two records of one person with everything."""
    define_characteristic("party", label="Potential", kind="number", by=by, filterable=True)
    friend = a_person(cast, "Друг")
    kept = a_person(cast, "Иван Дуликов", email="ivan@example.org", phone="89201234567")
    gone = a_person(
        cast, "Дуликов Иван", email="IVAN@example.org", phone="89207654321", position="директор", external_id="17",
        characteristics={"potential": 5}, address={"city": "Рязань"},
    )  # fmt: skip
    friendly = RelationType.objects.get(code="relative")
    relate(kept, friend, friendly, by=by)
    relate(gone, friend, friendly, by=by)
    relate(gone, kept, RelationType.objects.get(code="partner"), by=by)
    set_tags(kept, ["VIP"], by=by)
    set_tags(gone, ["VIP", "рыба"], by=by)
    record_consent(gone, channel="email", state="given", by=by)
    return kept, gone


def test_merge_moves_everything_fills_gaps_and_can_be_taken_back(cast: Cast, by: Actor) -> None:
    kept, gone = twins(cast, by)
    merge = merge_parties(kept, gone, by=by)
    kept.refresh_from_db()
    assert (kept.position, kept.external_id, kept.city, kept.slot_number_1) == ("директор", "17", "Рязань", 5)
    points = ContactPoint.objects.filter(party=kept)
    assert sorted(points.values_list("normal", flat=True)) == ["+79201234567", "+79207654321", "ivan@example.org"]
    assert points.filter(kind="phone", is_primary=True).count() == 1
    assert PartyTag.objects.filter(party=kept).count() == 2
    assert PartyRelation.objects.of(kept).count() == 2
    assert kept.consents.count() == 1
    assert not Party.objects.filter(pk=gone.pk).exists()
    change_party(kept, {"position": "владелец"}, by=by)
    back = unmerge_parties(merge, by=by)
    kept.refresh_from_db()
    assert (back.position, back.external_id, back.deleted_at) == ("директор", "17", None)
    assert (kept.position, kept.external_id, kept.city, kept.slot_number_1) == ("владелец", "", "", None)
    assert ContactPoint.objects.filter(party=back, is_primary=True).count() == 2
    assert PartyTag.objects.filter(party=back).count() == 2
    assert back.consents.count() == 1
    with pytest.raises(Refusal):
        unmerge_parties(merge, by=by)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_unlike_records_are_not_merged(cast: Cast, by: Actor) -> None:
    person, firm = a_person(cast), a_firm(cast)
    for other in (person, firm):
        with pytest.raises(Refusal):
            merge_parties(person, other, by=by)


def test_every_room_that_points_to_a_customer_is_moved() -> None:
    for relation in Party._meta.related_objects:
        assert issubclass(relation.related_model, TenantRow)


def test_merged_card_leads_to_what_it_became(cast: Cast, by: Actor) -> None:
    kept, gone = twins(cast, by)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.owner)
    base = "/c/romashka/contacts"
    assert "Compare" in client.get(f"{base}/{kept.pk}/merge/").content.decode()
    assert "Choose which record stays" in client.post(f"{base}/{kept.pk}/merge/", {"other": gone.pk}).content.decode()
    answer = client.post(f"{base}/{kept.pk}/merge/", {"other": gone.pk, "sure": "1", "keep": gone.pk})
    assert answer["HX-Redirect"] == f"{base}/{gone.pk}/"
    assert client.get(f"{base}/{kept.pk}/")["Location"] == f"{base}/{gone.pk}/"
    merge = Merge.objects.get()
    assert "Take back" in client.get(f"{base}/{gone.pk}/merge/").content.decode()
    answer = client.post(f"{base}/{gone.pk}/merge/{merge.pk}/undo/")
    assert answer["HX-Redirect"] == f"{base}/{kept.pk}/"
    assert client.get(f"{base}/{kept.pk}/").status_code == 200


def test_bin_is_emptied_but_a_merged_record_goes_on_leading_to_what_it_became(cast: Cast, by: Actor) -> None:
    kept, gone = twins(cast, by)
    binned = a_person(cast, "Лишний Клиент")
    merge_parties(kept, gone, by=by)
    bin_party(binned, by=by)
    empty_bin(by, now=timezone.now() + timedelta(days=31))
    assert Party.with_bin.filter(pk=gone.pk).exists()
    assert not Party.with_bin.filter(pk=binned.pk).exists()
    assert not SearchEntry.objects.filter(kind="party", record=binned.pk).exists()
