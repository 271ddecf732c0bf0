"""Pages over a hundred thousand letters and hits: few queries, paged by key."""

from __future__ import annotations

import re

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from dialogue.customers.channels.ledger import settle_waiting
from dialogue.customers.channels.mailings import mailing_counts, open_mailing, plan_deliveries
from dialogue.customers.channels.models import Mailing, State
from dialogue.customers.channels.tests.stage import verified_sender
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import system_actor
from dialogue.kit.scope import tenant_scope
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
MANY, MOST = 100_000, 10
PEOPLE = """
INSERT INTO parties_party (tenant_id, created_at, updated_at, kind, name, legal_name, tax_number, last_name, first_name,
 middle_name, position, decision, sex, language, phase, phase_since, is_customer, is_supplier, external_id, country, region, city,
 note, characteristics, time_zone)
SELECT %s, now(), now(), 'person', 'Customer ' || n, '', '', '', 'Anna', '', '', '', '', 'ru', 'keep', now(), true, false, '', 'RO',
 '', 'Iași', '', '{}', '' FROM generate_series(1, %s) n
"""
HITS = """
INSERT INTO channels_hit (tenant_id, at, delivery, kind, target, verdict, rule, counted)
SELECT d.tenant_id, now() - d.id %% 864000 * interval '1 second', d.id, 'link', md5(d.id::text), 'human', 'navigation', true
FROM channels_delivery d WHERE d.tenant_id = %s
"""
FOLLOWED = """
INSERT INTO timeline_entry (tenant_id, at, party_id, side, kind, way, subject, ref_kind, ref_id)
SELECT d.tenant_id, now() - d.id %% 864000 * interval '1 second', d.party_id, 'in', 'link_followed', 'email',
 'https://shop.example.org/', 'delivery', d.id FROM channels_delivery d WHERE d.tenant_id = %s
"""
ROW = re.compile(r"/contacts/(\d+)/")


def many(cast: Cast) -> Mailing:
    """Return a mailing with a letter planned for everybody."""
    verified_sender(cast, 1)
    by = system_actor(cast.company.pk)
    with tenant_scope(cast.company.pk), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(PEOPLE, [cast.company.pk, MANY])
        mailing = open_mailing("test", 1, title="Осень", purpose="service", canary=0, by=by)
        source = "SELECT id, 'p' || id || '@example.org', now(), 'a' FROM parties_party WHERE tenant_id = %s"
        assert plan_deliveries(mailing, (source, [cast.company.pk]), by=by) >= MANY
        return mailing


def analysed() -> None:
    """Let the planner know what was written, as it does within a minute of a commit."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")


def rows_of(client: Client, address: str, queries: int, asked: object) -> tuple[set[str], str]:
    """Return whose rows a page shows and the address of the next page; it takes few queries."""
    client.get(address)
    with asked(queries):  # type: ignore[operator]
        page = client.get(address)
    assert page.status_code == 200
    text = page.content.decode()
    # A list leads on with "after" and back with "before"; a page of letters leads on with "before".
    further = re.search(r'href="(\?[^"]*after=[^"]+)"', text) or re.search(r'href="(\?[^"]*before=[^"]+)"', text)
    return set(ROW.findall(text)), further[1].replace("&amp;", "&") if further else ""


def walked(client: Client, base: str, first: str, queries: int, asked: object) -> list[set[str]]:
    """Return whose rows the first three pages show."""
    pages, address = [], base + first
    for _page in range(3):
        shown, further = rows_of(client, address, queries, asked)
        pages.append(shown)
        address = base + further
        assert further
    return pages


def test_pages_of_a_hundred_thousand_letters_and_hits_read_by_key(
    transactional_db: None, django_assert_max_num_queries: object
) -> None:
    cast = make_cast()
    mailing = many(cast)
    client = Client()
    client.force_login(cast.owner)
    base = f"/c/{cast.company.login}"
    analysed()
    waiting = walked(client, f"{base}/mailings/{mailing.pk}/", "?state=planned", MOST, django_assert_max_num_queries)
    with tenant_scope(cast.company.pk), transaction.atomic():
        assert settle_waiting(mailing, mailing.created_at, state=State.ACCEPTED) >= MANY
        assert mailing_counts(mailing)["accepted"] == Party.objects.count()
        with connection.cursor() as cursor:
            cursor.execute(HITS, [cast.company.pk])
            cursor.execute(FOLLOWED, [cast.company.pk])
    analysed()
    gone = walked(client, f"{base}/mailings/{mailing.pk}/", "?state=accepted", MOST, django_assert_max_num_queries)
    listed = client.get(f"{base}/mailings/")
    assert listed.status_code == 200
    followed = walked(client, f"{base}/events/", "?f.kind=link_followed", MOST, django_assert_max_num_queries)
    for pages in (waiting, gone, followed):
        assert all(len(page) >= 25 for page in pages)
        assert not pages[0] & pages[1]
        assert not pages[2] & (pages[0] | pages[1])
