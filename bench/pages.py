"""`marketing.pages`: every page of marketing at the size of `warehouse`: the slowest one, and the one that asks most.

It runs in the data folder that `bench.warehouse` left: its people get addresses, consents and a campaign that was sent to all of
them and answered, and then a signed-in owner asks for each page four times in one process. The first call of a process also
compiles the page: the middle one of the other three counts.

python -m bench.pages PEOPLE    in a process of the application: fills, walks, prints the pages
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from bench.campaigns import CONSENTS, POINTS
from bench.client import ROOT

MOST_MS, MOST_TURNS = 300, 10
# What only the comparison with PostgreSQL's best query added: pages must do without.
BARE = "DROP INDEX IF EXISTS bench_spend, bench_touch, bench_source"
SENT = (
    """INSERT INTO timeline_entry (tenant_id, at, party_id, side, kind, way, subject, source, ref_kind, ref_id, currency)
    SELECT {tenant}, now() - random() * interval '4 hours', w.party, 'out', 'letter', 'email', '', {source}, 'mailing', {mailing}, ''
    FROM channels_bundle b, unnest(b.parties) w(party) WHERE b.mailing_id = {mailing}""",
    """WITH gone AS (DELETE FROM channels_bundle WHERE mailing_id = {mailing} RETURNING *)
    INSERT INTO channels_delivery (tenant_id, mailing_id, id, party_id, touch, settled_at, stayed, variant, state, address)
    OVERRIDING SYSTEM VALUE SELECT g.tenant_id, g.mailing_id, w.letter, w.party, e.id, now(), false, w.variant,
        CASE WHEN w.letter % 50 = 1 THEN 'refused' WHEN w.letter % 500 = 2 THEN 'unknown' ELSE 'accepted' END, w.address
    FROM gone g, unnest(g.letters, g.parties, g.addresses, g.variants) w(letter, party, address, variant)
    JOIN timeline_entry e ON e.party_id = w.party AND e.source = {source} AND e.side = 'out' AND e.ref_kind = 'mailing'""",
    """INSERT INTO timeline_entry (tenant_id, at, party_id, side, kind, way, subject, touch, source, ref_kind, ref_id, currency)
    SELECT {tenant}, now() - random() * interval '2 hours', d.party_id, 'in',
        (ARRAY['link_followed', 'opened', 'reply', 'coupon_used', 'bought'])[n], 'email', '', d.touch, {source}, 'delivery', d.id, ''
    FROM channels_delivery d, generate_series(1, 5) n WHERE d.mailing_id = {mailing} AND (d.id + n) % 4 = 0""",
    """INSERT INTO channels_hit (tenant_id, at, delivery, kind, target, verdict, rule, counted)
    SELECT {tenant}, now(), id, 'link', 'abc', 'human', '', true FROM channels_delivery WHERE mailing_id = {mailing} AND id % 3 = 0""",
    """INSERT INTO purchases_purchase (tenant_id, created_at, updated_at, at, party_id, external_id, amount, currency, is_return,
        note, coupon)
    SELECT {tenant}, now(), now(), now() + interval '1 minute', id, '', round((random() * 80)::numeric, 2), 'EUR', false, '', ''
    FROM parties_party WHERE tenant_id = {tenant} AND id % 5 = 0""",
    """INSERT INTO attribution_attribution (tenant_id, what, ref, party_id, at, source, rule, days, within)
    SELECT {tenant}, 'purchase', u.id, u.party_id, u.at, {source},
        CASE WHEN u.id % 2 = 0 THEN 'deed' ELSE 'delivered' END, 1, 30
    FROM purchases_purchase u WHERE u.tenant_id = {tenant} AND u.id % 3 <> 0 AND u.at > now() ON CONFLICT DO NOTHING""",
    """INSERT INTO promotions_use (tenant_id, at, series_id, coupon_id, code, purchase, party_id, verdict)
    SELECT {tenant}, now(), c.series_id, c.id, c.code, u.id, c.party_id, 'good' FROM promotions_coupon c
    JOIN purchases_purchase u ON u.tenant_id = {tenant} AND u.party_id = c.party_id AND u.at > now() WHERE c.series_id = {series}""",
    """INSERT INTO mailboxes_incoming (tenant_id, at, mailbox_id, uid, digest, kind, sender, subject, party_id, found, note)
    SELECT {tenant}, now(), {mailbox}, id, md5(id::text), (ARRAY['reply', 'bounce', 'automatic', 'aside'])[1 + id / 5 % 4],
        'a@example.org', 'Re: a', id, '', '' FROM parties_party WHERE tenant_id = {tenant} AND id % 5 = 0""",
    """INSERT INTO channels_delivery (tenant_id, party_id, settled_at, code, attempts, stayed, channel, purpose, state, address,
        reason, answer)
    SELECT {tenant}, id, now(), 250, 1, false, 'email', 'service', 'accepted', 'a@example.org', '', '' FROM parties_party
    WHERE tenant_id = {tenant} AND id % 5 = 0""",
)
PATHS = """
 campaigns/ campaigns/?q=draft campaigns/new/ campaigns/past/ campaigns/{campaign}/ campaigns/{campaign}/plan/
 campaigns/{campaign}/letters/ campaigns/{campaign}/people/ campaigns/{campaign}/people/?decision=3&reason=5
 campaigns/{campaign}/people/?decision=2&after=50000 campaigns/{campaign}/edit/ campaigns/{campaign}/result.xlsx
 campaigns/{campaign}/result.pdf campaigns/{draft}/ campaigns/{draft}/letters/ campaigns/{draft}/launch/
 segments/ segments/new/ segments/overlap/ segments/overlap/?one={segment}&one={part} segments/pick/ segments/{segment}/
 segments/{part}/ segments/{part}/edit/ segments/{part}/?page=2
 mailings/ mailings/{mailing}/ mailings/{mailing}/?state=accepted mailbox/ mailbox/?state=refused
 settings/mailboxes/ settings/mailboxes/{mailbox}/ settings/incoming/ settings/incoming/?kind=reply settings/incoming/{incoming}/
 settings/stop-list/ settings/letters/ settings/senders/ settings/attribution/ settings/history/
 coupons/ coupons/{series}/ coupons/new/ coupons/?q=AUT
 events/ events/?f.side=in events/?f.side=out&f.way=email events/?f.kind=unsubscribed events/?f.kind=reply events/?f.source={source}
 events/?f.way=post events/?q=Customer+77777 events/?f.at=today
 contacts/ contacts/?q=Customer+5000 contacts/?f.city=City+7 contacts/{party}/ contacts/{party}/timeline/ contacts/{party}/answer/
 contacts/{party}/write/ contacts/{party}/panel/purchases/ contacts/{party}/panel/deals/ contacts/{party}/merge/
 contacts/{party}/consent/ purchases/ purchases/?q=x purchases/{purchase}/ attribution/purchase/{purchase}/
 tasks/ jobs/ analytics/ entries/{entry}/answer/ notices/glance/ imports/
"""


def pages(people: int, environment: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows: the slowest page, and the one of most turns to the database."""
    command = [sys.executable, "-m", "bench.pages", str(people)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    walked = json.loads(done.stdout.strip().splitlines()[-1])
    slowest = max(walked, key=lambda one: one["ms"])
    most = max(walked, key=lambda one: one["turns"])
    over = [one for one in walked if one["ms"] > MOST_MS]
    common = {"people": people, "pages": len(walked)}
    return [
        _row("marketing.pages", slowest["ms"], "ms", MOST_MS)
        | {"page": slowest["page"], "median": round(median(one["ms"] for one in walked), 1), "over": over}
        | {"first_ms": max(one["first_ms"] for one in walked)}
        | common,
        _row("marketing.pages.turns", most["turns"], "turns", MOST_TURNS) | {"page": most["page"]} | common,
    ]


def _row(name: str, value: float, unit: str, most: float) -> dict[str, Any]:
    ratio = round(value / most, 2)
    return {"name": name, "value": value, "unit": unit, "baseline": most, "ratio": ratio, "at_most": most, "met": value <= most}


def say(words: str, begun: float) -> None:
    """Tell the one who waits what was done."""
    print(f"{words}: {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)


def measure(people: int) -> list[dict[str, Any]]:
    """In a process of the application: fill, walk; return the pages."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connections, transaction

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.scope import tenant_scope, without_tenant
    from dialogue.platform.accounts.models import User
    from dialogue.platform.tenants.models import Tenant
    from dialogue.platform.warehouse.copying import refresh_company

    bring_up_to_date()
    with transaction.atomic(), without_tenant("the measurement opens its company by login"):
        company, owner = Tenant.objects.get(login="bench"), User.objects.get(email="bench@example.org")
    with tenant_scope(company.pk):
        facts = fill(company, people)
    begun = time.perf_counter()
    refresh_company(company.pk)
    say("warehouse refreshed", begun)
    with connections["owner"].cursor() as cursor:
        facts |= _more(cursor, facts)
    return walk(owner, facts)


def fill(company: Any, people: int) -> dict[str, Any]:
    """Give the people addresses and consents, send them a campaign, let them answer; return what pages are asked about."""
    from django.db import connections, transaction

    from dialogue.kit.actors import system_actor
    from dialogue.marketing.campaigns.launching import launch_campaign
    from dialogue.marketing.campaigns.results import keep_results
    from dialogue.marketing.segments.models import Segment
    from dialogue.marketing.segments.rebuilding import rebuild_segment

    by, begun = system_actor(company.pk), time.perf_counter()
    owner = connections["owner"]
    owner.ensure_connection()
    owner.connection.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute(BARE)
        for sql in (POINTS, CONSENTS):
            cursor.execute(sql, [company.pk])
        cursor.execute("ANALYZE parties_contactpoint, parties_consent")
    say("addresses and consents", begun)
    facts, row = _plan(by)
    begun = time.perf_counter()
    with transaction.atomic():
        everybody = Segment.objects.get(pk=facts["segment"])
    rebuild_segment(everybody, by=by)
    say("segment", begun)
    begun = time.perf_counter()
    with transaction.atomic():
        run = launch_campaign(row, by=by)
    say(f"launched to {people}", begun)
    facts |= {"mailing": run.mailing, "source": row.source, "tenant": company.pk}
    with owner.cursor() as cursor:
        for sql in SENT:
            begun = time.perf_counter()
            cursor.execute(sql.format(**facts))
            count = cursor.rowcount
            cursor.execute("ANALYZE channels_delivery, channels_bundle, timeline_entry")
            say(f"{count} rows: {sql.strip()[:40]}", begun)
        begun = time.perf_counter()
        cursor.execute("VACUUM ANALYZE")
        say("vacuum", begun)
    begun = time.perf_counter()
    with transaction.atomic():
        keep_results(row)
    say("results", begun)
    with transaction.atomic():
        parts = list(Segment.objects.filter(name__startswith="Part").order_by("pk")[:4])
    for one in parts:
        rebuild_segment(one, by=by)
    return facts


def _plan(by: Any) -> tuple[dict[str, Any], Any]:
    from django.db import transaction

    from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
    from dialogue.marketing.campaigns.actions import choose_segments, create_campaign, write_content
    from dialogue.marketing.campaigns.models import Campaign
    from dialogue.marketing.segments.actions import create_segment
    from dialogue.selling.promotions.actions import SeriesDraft, create_series

    rules = [
        {"field": "city", "is": "City 7"},
        {"has": "touch", "where": [{"field": "at", "within": "30d"}]},
        {"has": "purchase", "sum": "amount", "at_least": 1000},
        {"has": "response", "where": [{"field": "at", "within": "30d"}]},
    ]
    with transaction.atomic():
        series = create_series(SeriesDraft(name="Autumn", prefix="AUT"), by=by)
        everybody = create_segment("All", {"field": "is_customer", "is": True}, by=by)
        parts = [create_segment(f"Part {number}", rules[number % 4], by=by) for number in range(40)]
        drafts = [create_campaign(f"Draft {number}", by=by) for number in range(40)]
        choose_segments(drafts[0], [everybody.code], by=by)
        write_content(drafts[0], by=by, subject="a", body="b")
        row = create_campaign("Big", by=by, test="subject")
        choose_segments(row, [everybody.code], by=by)
        Campaign.objects.filter(pk=row.pk).update(coupons=series.pk)
        row.refresh_from_db()
        write_content(row, by=by, subject="a", body="b {{coupon}}")
        write_content(row, by=by, subject="c", body="", arm="b")
        mailbox = save_mailbox(MailboxDraft(host="127.0.0.1", port=1, user="x", password="x"), by=by)  # noqa: S106  nobody listens there
    facts = {"segment": everybody.pk, "part": parts[2].pk, "draft": drafts[0].pk, "campaign": row.pk}
    return facts | {"series": series.pk, "mailbox": mailbox.pk}, row


def _more(cursor: Any, facts: dict[str, Any]) -> dict[str, Any]:
    asked = {
        "party": f"SELECT party_id FROM channels_delivery WHERE mailing_id = {facts['mailing']} AND id % 4 = 0 LIMIT 1 OFFSET 500",
        "purchase": "SELECT max(id) FROM purchases_purchase",
        "incoming": "SELECT max(id) FROM mailboxes_incoming",
        "entry": "SELECT max(touch) FROM channels_delivery",
    }
    found = {}
    for name, sql in asked.items():
        cursor.execute(sql)
        found[name] = cursor.fetchone()[0]
    return found


def walk(owner: Any, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask for each page; return its milliseconds, statements and turns to the database."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from dialogue.faces import limits
    from dialogue.platform.embedded.backend.base import DatabaseWrapper

    settings.ALLOWED_HOSTS = ["*"]
    for throttle in (limits.keys, limits.users, limits.addresses):
        throttle.per_minute = 10**6
    together: list[int] = []
    asking = DatabaseWrapper.asking

    def noting(self: DatabaseWrapper, asked: Sequence[Any], *more: Any, **named: Any) -> Any:
        together.append(len(asked))
        return asking(self, asked, *more, **named)

    client, walked = Client(), []
    client.force_login(owner)
    DatabaseWrapper.asking = noting  # type: ignore[method-assign]
    for path in PATHS.split():
        took = []
        for _time in range(4):
            together.clear()
            with CaptureQueriesContext(connection) as queries:
                begun = time.perf_counter()
                answer = client.get("/c/bench/" + path.format(**facts))
                took.append(round(1000 * (time.perf_counter() - begun), 1))
            assert answer.status_code == 200, (path, answer.status_code)
        asked = sum(one["sql"].lstrip().upper().startswith(("SELECT", "WITH")) for one in queries.captured_queries)
        turns = asked - sum(number - 1 for number in together)
        one = {"page": path, "ms": median(took[1:]), "first_ms": took[0], "statements": asked, "turns": turns}
        walked.append(one)
        print(json.dumps(one), file=sys.stderr, flush=True)
    return walked


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    print(json.dumps(measure(int(sys.argv[1]))))
