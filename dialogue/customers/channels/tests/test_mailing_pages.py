"""What a person sees and decides about mailings: the list, the letters by state, unknown ones sent again or left."""

from __future__ import annotations

import json

from django.db import transaction
from django.test import Client

from dialogue.customers.channels.mailings import mailing_counts, start_mailing
from dialogue.customers.channels.models import Mailing, MailingState
from dialogue.customers.channels.sending import send_due
from dialogue.customers.channels.tests.test_mailings import cast, kept, maker, planned  # noqa: F401  fixtures
from dialogue.customers.timeline.models import Entry
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import make_key
from dialogue.platform.accounts.models import User
from dialogue.platform.mail.tests.sink import Sink
from tests.cast import Cast


def with_unknown(cast: Cast, kept: Sink, number: int = 12) -> Mailing:  # noqa: F811
    mailing = planned(cast, kept, 40, canary=0)
    kept.hang_up = {f"p{at}@example.org" for at in range(number)}
    with tenant_scope(cast.company.pk):
        start_mailing(mailing, by=cast.actor(cast.owner))
        assert send_due() == {"accepted": 40 - number, "unknown": number}
    kept.hang_up = set()
    return mailing


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def counts(cast: Cast, mailing: Mailing) -> dict[str, int]:  # noqa: F811
    with tenant_scope(cast.company.pk):
        return mailing_counts(mailing)


def test_pages_show_unknown_letters_and_take_decisions_about_many(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:  # noqa: F811
    mailing = with_unknown(cast, kept)
    client = signed_in(cast.owner)
    base = f"/c/{cast.company.login}"
    listed = client.get(f"{base}/mailings/").content.decode()
    assert "Осень" in listed
    assert ">12</a>" in listed
    page = client.get(f"{base}/mailings/{mailing.pk}/").content.decode()
    assert page.count('name="letter"') == 12
    with tenant_scope(cast.company.pk):
        two = list(mailing.deliveries.filter(state="unknown").values_list("pk", flat=True)[:2])
    client.post(f"{base}/mailings/{mailing.pk}/unknown/", {"letter": two, "leave": "1"})
    assert counts(cast, mailing) == {"accepted": 30, "unknown": 10}
    client.post(f"{base}/mailings/{mailing.pk}/unknown/", {"all": "1", "again": "1"})
    assert counts(cast, mailing) == {"accepted": 30, "planned": 10}
    with tenant_scope(cast.company.pk):
        assert send_due() == {"accepted": 10}
        assert Entry.objects.filter(source=mailing.source, side="out").count() == 40
        mailing.refresh_from_db()
    assert mailing.state == MailingState.DONE
    assert len(kept.letters) == 50


def test_seller_sees_no_mailings_and_decides_nothing(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:  # noqa: F811
    mailing = with_unknown(cast, kept, 3)
    client = signed_in(cast.seller)
    base = f"/c/{cast.company.login}"
    assert client.get(f"{base}/mailings/").status_code == 403
    assert client.post(f"{base}/mailings/{mailing.pk}/unknown/", {"all": "1", "again": "1"}).status_code == 403
    assert counts(cast, mailing)["unknown"] == 3


def test_page_pauses_and_resumes(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:  # noqa: F811
    mailing = planned(cast, kept, 50)
    client = signed_in(cast.owner)
    base = f"/c/{cast.company.login}/mailings/{mailing.pk}"
    for verb, state in (("start", "canary"), ("pause", "paused"), ("resume", "canary"), ("cancel", "cancelled")):
        client.post(f"{base}/{verb}/")
        with tenant_scope(cast.company.pk):
            mailing.refresh_from_db()
        assert mailing.state == state


def test_api_decides_about_unknown_letters(cast: Cast, kept: Sink, maker: dict[str, str]) -> None:  # noqa: F811
    mailing = with_unknown(cast, kept, 5)
    with tenant_scope(cast.company.pk), transaction.atomic():
        _key, secret = make_key("mailings", by=cast.actor(cast.owner), scopes=["*"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    base = f"/api/v1/mailings/{mailing.pk}"
    assert client.get(base).json()["counts"] == {"accepted": 35, "unknown": 5}
    letters = client.get(f"{base}/unknown").json()["items"]
    assert len(letters) == 5
    said = {"what": "take-as-arrived", "only": [letters[0]["id"]]}
    assert client.post(f"{base}/unknown", json.dumps(said), content_type="application/json").json() == {"letters": 1}
    assert counts(cast, mailing) == {"accepted": 36, "unknown": 4}
