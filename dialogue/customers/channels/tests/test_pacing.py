"""The pace of letters to one domain: a minute's letters at once, then one after the other; a rest for a domain that asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dialogue.customers.channels.mailings import mailing_counts, start_mailing
from dialogue.customers.channels.models import Bundle, Delivery, DomainPace, State
from dialogue.customers.channels.pacing import asks_for_rest
from dialogue.customers.channels.sending import send_due
from dialogue.customers.channels.tests.test_mailings import cast, kept, maker, planned  # noqa: F401  fixtures
from dialogue.kit.scope import tenant_scope
from dialogue.platform.mail.tests.sink import Sink
from dialogue.platform.mail.transport import Outcome, Result
from dialogue.platform.tenants.models import Tenant
from tests.cast import Cast


def paced(cast: Cast, per_minute: int) -> None:  # noqa: F811
    Tenant.objects.filter(pk=cast.company.pk).update(settings={"mail_per_domain": per_minute})


def test_letters_beyond_a_minutes_worth_get_a_place_of_their_own(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:  # noqa: F811
    mailing = planned(cast, kept, 60, canary=0)
    with tenant_scope(cast.company.pk):
        paced(cast, 20)
        start_mailing(mailing, by=cast.actor(cast.owner))
        now = timezone.now()
        counts = send_due()
        assert set(counts) == {"accepted"}, (
            counts,
            list(Delivery.objects.values_list("state", "due_at").distinct())[:5],
            list(DomainPace.objects.values()),
        )
        first = counts["accepted"]
        assert 20 <= first <= 22
        waiting = Bundle.objects.filter(state=State.RESERVED).order_by("due_at")
        gone = 0
        for bundle in waiting:
            # Whatever letters share a moment, no more than one every three seconds falls due.
            gone += bundle.size
            assert gone <= (bundle.due_at - now).total_seconds() / 3 + 2
        assert gone == 60 - first
        assert now < waiting[0].due_at < bundle.due_at < now + timedelta(minutes=3)
        waiting.update(due_at=timezone.now())
        assert send_due() == {"accepted": 60 - first}


def test_domain_that_asks_for_a_rest_gets_a_longer_one_each_time(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:  # noqa: F811
    mailing = planned(cast, kept, 250, canary=0)
    kept.answers = {f"p{at}@example.org": b"451 4.7.1 too many letters, try later\r\n" for at in range(250)}
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
        send_due()
        counts = mailing_counts(mailing)
        # What was on its way is deferred; nothing more goes to the domain until its rest is over.
        assert counts["deferred"] <= 200
        assert counts["reserved"] == 250 - counts["deferred"]
        pace = DomainPace.objects.get(domain="example.org")
        assert pace.failures == 1
        assert pace.until is not None
        assert pace.until > timezone.now() + timedelta(seconds=40)
        Delivery.objects.update(due_at=timezone.now())
        Bundle.objects.update(due_at=timezone.now())
        DomainPace.objects.update(until=timezone.now())
        send_due()
        assert DomainPace.objects.get().failures == 2
        kept.answers = {}
        Delivery.objects.update(due_at=timezone.now(), state=State.RESERVED)
        Bundle.objects.update(due_at=timezone.now())
        DomainPace.objects.update(until=timezone.now())
        send_due()
        assert mailing_counts(mailing) == {"accepted": 250}
        assert DomainPace.objects.get().failures == 0


@pytest.mark.parametrize(
    ("code", "text", "asks"),
    [
        (421, "try later", True),
        (450, "4.7.28 rate", True),
        (452, "4.2.2 mailbox full", False),
        (451, "4.3.2 overloaded", True),
        (0, "no server", False),
    ],
)
def test_only_answers_about_the_whole_domain_ask_for_a_rest(code: int, text: str, asks: bool) -> None:
    assert asks_for_rest(Result(Outcome.DEFERRED, code, text)) is asks
    assert not asks_for_rest(Result(Outcome.REFUSED, 550, text))
