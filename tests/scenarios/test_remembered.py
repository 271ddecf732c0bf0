"""What the process remembers is never older than the page: a change shows at the next request, for whom it concerns only."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dialogue.customers.parties.models import Tag
from dialogue.kit.money import NO_BREAK, THIN, print_money
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import remove_member
from dialogue.platform.accounts.models import Membership, MembershipRole, User
from dialogue.platform.criteria.fields import entities
from dialogue.selling.deals.models import Stage
from tests.cast import Cast, a_deal, a_firm, a_person, make_cast

pytestmark = pytest.mark.django_db
DEALS = "/c/romashka/deals/?view=all"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(user: User) -> Client:
    client = Client()
    User.objects.filter(pk=user.pk).update(language="en")
    client.force_login(user)
    return client


def page(client: Client, path: str = DEALS) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_renamed_stage_and_new_tag_show_at_the_next_page(cast: Cast) -> None:
    client = client_of(cast.owner)
    a_deal(cast)
    assert "Rebuilt stage" not in page(client)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        Stage.objects.filter(pk=Stage.objects.order_by("id")[0].pk).update(name="Rebuilt stage")
    assert "Rebuilt stage" in page(client)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        Tag.objects.create(entity="deal", name="Срочно", fold="срочно")
    assert "Срочно" in page(client)


def test_right_taken_away_is_gone_from_the_next_page(cast: Cast) -> None:
    client = client_of(cast.seller)
    assert "Add a deal" in page(client)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        MembershipRole.objects.filter(membership__user=cast.seller).delete()
    assert "Add a deal" not in page(client)


def test_removed_member_is_out_at_once(cast: Cast) -> None:
    client = client_of(cast.seller)
    page(client)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        remove_member(Membership.objects.get(user=cast.seller), by=cast.actor(cast.owner))
    assert client.get(DEALS).status_code == 404


def test_changed_password_ends_other_sessions_at_once(cast: Cast) -> None:
    client = client_of(cast.seller)
    page(client)
    cast.seller.set_password("another long password 5")
    cast.seller.save()
    assert client.get(DEALS).status_code == 302


def test_stranger_sees_nothing_of_what_was_remembered_for_others(cast: Cast) -> None:
    a_deal(cast)
    page(client_of(cast.owner))
    stranger = client_of(cast.stranger)
    assert stranger.get(DEALS).status_code == 404
    assert "Ромашка" not in page(stranger, "/c/other/deals/")


def test_kept_pieces_carry_the_secret_of_their_own_request(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.owner)
    page(client)
    again = page(client)
    secrets = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', again))
    assert len(secrets) == 1
    secret = secrets.pop()
    assert secret.isalnum()
    answer = client.post("/c/romashka/language/", {"language": "ro", "csrfmiddlewaretoken": secret})
    assert answer.status_code == 302
    assert "Clienți" in page(client) or 'lang="ro"' in page(client)


def test_list_asks_four_times_and_says_its_sum(cast: Cast) -> None:
    client = client_of(cast.owner)
    for number in range(45):
        a_deal(cast, f"Deal {number}", budget=Decimal(100), currency="RUB")
    page(client)
    with CaptureQueriesContext(connection) as asked:
        shown = page(client)
    assert "4,500" in shown
    assert "of 45" in shown
    # Session with company; the stamps; the rows; count and sum.
    assert sum(one["sql"].startswith("SELECT") for one in asked) == 4


def test_long_list_says_count_and_sum_a_moment_later(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(cast.owner)
    for number in range(45):
        a_deal(cast, f"Deal {number}", budget=Decimal(100), currency="RUB")
    monkeypatch.setattr("dialogue.platform.lists.query.FEW", 44)
    shown = page(client)
    assert "of 45" not in shown
    assert "known=1" not in shown
    later = page(client, "/c/romashka/lists/deals/totals/?view=all")
    assert "of 45" in later
    assert "4,500" in later


@pytest.mark.parametrize("name", ["deals", "contacts"])
def test_every_column_shown_asks_the_same_for_more_rows(cast: Cast, name: str) -> None:
    entity = entities.get({"deals": "deal", "contacts": "party"}[name])
    client = client_of(cast.owner)
    address = f"/c/romashka/{name}/?cols={','.join(entity.fields.keys())}"

    def more(number: int) -> None:
        firm = a_firm(cast, f"Firm {number}", email=f"firm{number}@example.org")
        person = a_person(cast, f"Person {number}", phone=f"+4072000000{number}", responsible=cast.seller.pk)
        a_deal(cast, f"Deal {number}", company=firm.pk, contact=person.pk, responsible=cast.seller.pk)

    def asked() -> int:
        page(client, address)
        with CaptureQueriesContext(connection) as queries:
            page(client, address)
        return len(queries)

    more(1)
    few = asked()
    for number in range(2, 6):
        more(number)
    assert asked() == few


@pytest.mark.parametrize(
    ("language", "currency", "printed"),
    [
        ("ru", "RUB", f"−1{THIN}234{THIN}567,89{NO_BREAK}руб."),
        ("uk", "UAH", f"−1{THIN}234{THIN}567,89{NO_BREAK}грн"),
        ("ro", "RON", f"−1.234.567,89{NO_BREAK}lei"),
        ("en", "USD", "−$1,234,567.89"),
    ],
)
def test_money_is_printed_as_the_reader_writes_it(language: str, currency: str, printed: str) -> None:
    assert print_money("-1234567.885", currency, language) == printed


def test_counts_beside_filters_stay_away_where_a_list_is_very_long(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        a_deal(cast, f"Deal {number}")
    client = client_of(cast.owner)
    address = "/c/romashka/lists/deals/totals/?view=all"
    assert 'id="n-fstage-' in page(client, address)
    monkeypatch.setattr("dialogue.platform.lists.views.reading.MOST_COUNTED", 2)
    assert 'id="n-fstage-' not in page(client, address)
    assert "of 3" in page(client, address)
