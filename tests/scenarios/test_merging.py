"""Two records of one customer become one: his dialogue and his deals follow, and come back."""

from __future__ import annotations

import pytest

from dialogue.customers.parties.merging import merge_parties, unmerge_parties
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_note, record_touch
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.selling.deals.actions import create_deal
from dialogue.selling.deals.drafts import NewDeal
from tests.cast import a_firm, a_person, make_cast


@pytest.mark.django_db
def test_dialogue_and_deals_follow_a_merge_and_come_back() -> None:
    cast = make_cast()
    kept, gone, firm, other = a_person(cast), a_person(cast, "Дуликов Иван"), a_firm(cast), a_firm(cast, "Автопром")
    with tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        record_touch(gone, kind="call", body="Звонок", by=by)
        record_note(gone, body="Просит счёт", by=by)
        deal = create_deal(NewDeal(title="Сайт", contact=gone.pk, company=other.pk), by=by)
        people = merge_parties(kept, gone, by=by)
        companies = merge_parties(firm, other, by=by)
        deal.refresh_from_db()
        assert (deal.contact_id, deal.company_id) == (kept.pk, firm.pk)
        assert Entry.objects.filter(party=kept).count() >= 2
        unmerge_parties(people, by=by)
        unmerge_parties(companies, by=by)
        deal.refresh_from_db()
        assert (deal.contact_id, deal.company_id) == (gone.pk, other.pk)
        assert not Entry.objects.filter(party=kept).exists()
        assert Party.objects.count() == 4
