"""The demonstration company is complete in every language, and loading it twice changes nothing."""

from __future__ import annotations

import pytest

from dialogue.customers.channels.models import Delivery
from dialogue.customers.parties.models import ContactPoint, Party
from dialogue.demo import load
from dialogue.faces.command.demo import load_later
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.goods import goods_named
from dialogue.marketing.campaigns.models import Campaign, Content, Run
from dialogue.marketing.campaigns.reference import Reference
from dialogue.marketing.campaigns.results import measure
from dialogue.marketing.campaigns.telling import has_steps
from dialogue.marketing.segments.models import Segment
from dialogue.platform.accounts.actions import create_company
from dialogue.platform.jobs.kinds import JobRun
from dialogue.selling.catalog.models import Product
from dialogue.selling.promotions.models import Coupon, Use


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ru", "uk", "ro"])
def test_demo_is_complete_and_loads_once(language: str) -> None:
    company, _owner = create_company("Demo", login="demo", owner="olga@example.org", language=language, is_demo=True)
    run = JobRun(load_later(company))
    with tenant_scope(company.pk):
        first = load(run)
        again = load(run)
        outside = ContactPoint.objects.filter(kind="email").exclude(normal__endswith="@example.org").count()
        lists = Party.objects.count(), outside
        done = list(Campaign.objects.filter(state="done").order_by("launched_at"))
        found = {row.state: row for row in [*Campaign.objects.filter(state="draft"), done[-1]]}
        runs = {run.campaign_id: run for run in Run.objects.all()}
        result = measure(found["done"], runs[done[-1].pk])
        earlier = [measure(row, runs[row.pk]) for row in done[:-1]]
        before = Reference.of(runs[done[-1].pk].reference)
        goods = [(one.name, one.sold) for one in goods_named(Product.objects.order_by("pk")[0].name, found["draft"])]
        sizes = list(Segment.objects.order_by("pk").values_list("size", flat=True))
        uses = Use.objects.counting().count()
        going = Delivery.objects.exclude(state="accepted").count()
        issued = Coupon.objects.exclude(party=None).count()
        built = Content.objects.filter(campaign=found["draft"], arm="a").first()
    assert first == again
    assert uses > 2
    assert issued == result.reached.n
    assert built is not None
    assert [one["kind"] for one in built.blocks] == ["heading", "text", "coupon", "button"]
    assert first["customers"] == 72
    assert first["deals"] == 26
    assert first["entries"] > 100
    assert lists == (72, 0)
    assert len(sizes) == 4
    assert min(sizes) > 0
    assert set(found) == {"done", "draft"}
    assert going == 0
    assert len(earlier) == 3
    assert all(one.sent > 20 and one.answered > 5 and one.reached.total > 0 and one.held.n > 2 for one in earlier)
    assert set(before.names) == {row.name for row in done[:-1]}
    assert has_steps(before)
    assert goods
    assert goods[0][1]
    assert result.reached.n == result.sent > 20
    assert result.held.n > 2
    assert result.answered > 5
    assert result.reached.total > result.held.total
    assert result.attributed(company.currency)[0] > 3
    assert result.deals == 2
