"""Notices: mentioned, told once, read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import remove_member
from dialogue.platform.accounts.models import Membership
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.queue import run_job
from dialogue.platform.notices.models import Notice
from dialogue.platform.notices.telling import mentioned_in, notify, tell_mentioned
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Boris, look", ["boris"]),
        ("@boris and @Анна @boris", ["boris", "owner"]),
        ("@Borisov", []),
        ("mail boris@example.org", []),
        ("@@boris", []),
        ("nobody", []),
        ("(@sergey)", ["sergey"]),
    ],
)
def test_mention_is_found(cast: Cast, text: str, who: list[str]) -> None:
    known = {"boris": cast.manager.pk, "owner": cast.owner.pk, "sergey": cast.seller.pk}
    assert mentioned_in(text) == [known[name] for name in who]


def test_mention_tells_each_once_and_never_the_writer(cast: Cast) -> None:
    by = cast.actor(cast.manager)
    tell_mentioned("@Boris @Анна", title="Deal", address="deals/1/", by=by)
    tell_mentioned("@Boris @Анна @Sergey", title="Deal", address="deals/1/", by=by, already="@Boris @Анна")
    assert list(Notice.objects.order_by("id").values_list("user_id", flat=True)) == [cast.owner.pk, cast.seller.pk]


def test_removed_member_is_not_told(cast: Cast) -> None:
    by = cast.actor(cast.owner)
    remove_member(Membership.objects.get(user=cast.seller), by=by)
    assert notify([cast.seller.pk, None], "mention", title="x", address="/", by=by) == []


@pytest.mark.django_db
def test_bell_counts_and_opening_reads() -> None:
    cast = make_cast()
    with transaction.atomic(), tenant_scope(cast.company.pk):
        [notice] = notify(
            [cast.seller.pk], "mention", title="Сделка", address="jobs/", by=cast.actor(cast.owner), text="@Sergey"
        )
    client, other = Client(), Client()
    client.force_login(cast.seller)
    other.force_login(cast.manager)
    assert "<b>1</b>" in client.get("/c/romashka/").content.decode()
    assert "<b>1</b>" not in other.get("/c/romashka/").content.decode()
    assert "Сделка" in client.get("/c/romashka/notices/glance/").content.decode()
    assert other.post(f"/c/romashka/notices/{notice.pk}/").status_code == 404
    assert client.post(f"/c/romashka/notices/{notice.pk}/")["Location"] == "/c/romashka/jobs/"
    assert "<b>1</b>" not in client.get("/c/romashka/notices/").content.decode()


@pytest.mark.django_db
def test_failed_job_tells_who_started_it() -> None:
    cast = make_cast()
    with transaction.atomic(), tenant_scope(cast.company.pk):
        job = Job.objects.create(kind="unknown.kind", title="Export", actor=cast.seller.pk)
    run_job(cast.company.pk, job.pk)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        assert [(one.user_id, one.kind, one.title) for one in Notice.objects.all()] == [
            (cast.seller.pk, "job.failed", "Export")
        ]
