"""A statement compiled once gives each member his own rows: company, person and reach are never part of what is kept."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dialogue.customers.parties.models import Party
from dialogue.kit.scope import tenant_scope
from dialogue.kit.statement import Statement, read_ahead
from dialogue.platform.accounts.members import member_actor
from dialogue.selling.deals.models import Deal
from tests.cast import Cast, a_deal, a_person, make_cast

pytestmark = pytest.mark.django_db
SEEN = Statement(lambda actor, party: Party.objects.visible_to(actor).filter(pk=party))

DEAL = Statement(lambda actor, deal: Deal.objects.visible_to(actor).filter(pk=deal))


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_statement_gives_what_the_queryset_gives(cast: Cast) -> None:
    one, two = a_person(cast, "Одна Первая"), a_person(cast, "Вторая Другая")
    with transaction.atomic(), tenant_scope(cast.company.pk):
        owner = cast.actor(cast.owner)
        for party in (one, two):
            assert SEEN.rows(owner, party=party.pk) == list(Party.objects.visible_to(owner).filter(pk=party.pk))
        assert SEEN.first(owner, party=2**62) is None


def test_statement_keeps_to_company_and_reach(cast: Cast) -> None:
    owners, sellers = a_deal(cast, "Owner's", responsible=cast.owner.pk), a_deal(cast, "Seller's", responsible=cast.seller.pk)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        owner, seller = cast.actor(cast.owner), cast.actor(cast.seller)
        assert DEAL.first(owner, deal=owners.pk)
        assert DEAL.first(seller, deal=sellers.pk)
        assert DEAL.first(seller, deal=owners.pk) is None
    with transaction.atomic(), tenant_scope(cast.other_company.pk):
        stranger = member_actor(cast.stranger)
        assert DEAL.first(stranger, deal=owners.pk) is None


def test_statements_read_ahead_ask_once(cast: Cast) -> None:
    person = a_person(cast)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        owner = cast.actor(cast.owner)
        with CaptureQueriesContext(connection) as asked, read_ahead([(SEEN, owner, {"party": person.pk})]):
            assert SEEN.first(owner, party=person.pk) == person
        assert len(asked) == 1
        with CaptureQueriesContext(connection) as asked:
            assert SEEN.first(owner, party=person.pk) == person
        assert len(asked) == 1


def test_statement_without_a_place_for_its_id_is_refused(cast: Cast) -> None:
    careless: Statement[Party] = Statement(lambda party: Party.objects.all())
    with transaction.atomic(), tenant_scope(cast.company.pk), pytest.raises(TypeError, match="never uses party"):
        careless.rows(party=1)
