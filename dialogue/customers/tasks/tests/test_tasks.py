"""Tasks through their actions and pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from dialogue.customers.tasks.actions import (
    assign_tasks,
    bin_tasks,
    change_task,
    create_task,
    do_task,
    postpone_tasks,
    restore_tasks,
)
from dialogue.customers.tasks.models import Task
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, NotFound
from dialogue.kit.scope import tenant_scope
from dialogue.platform.notices.models import Notice
from tests.cast import Cast, a_deal, a_person, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client()
    made.force_login(cast.owner)
    return made


def test_task_of_a_deal_is_its_next_step(cast: Cast, by: Actor) -> None:
    person = a_person(cast)
    deal = a_deal(cast, contact=person.pk)
    today = cast.company.today()
    later = create_task("Встреча", by=by, subject=("deal", deal.pk), due_on=today + timedelta(days=3))
    first = create_task("Позвонить", by=by, subject=("deal", deal.pk))
    deal.refresh_from_db()
    assert (first.due_on, first.responsible_id, first.party_id, first.subject_label) == (today, by.user, person.pk, deal.title)
    assert deal.next_step_on == today
    do_task(first, by=by, outcome="договорились")
    deal.refresh_from_db()
    assert deal.next_step_on == later.due_on
    bin_tasks([later.pk], by=by)
    deal.refresh_from_db()
    assert deal.next_step_on is None
    restore_tasks([later.pk], by=by)
    deal.refresh_from_db()
    assert deal.next_step_on == later.due_on


def test_task_for_a_colleague_tells_him(cast: Cast, by: Actor) -> None:
    create_task("Отправить договор", by=by, responsible=cast.seller.pk)
    assert Notice.objects.get(user=cast.seller).kind == "task.given"


def test_wrong_task_is_refused(cast: Cast, by: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_task("  ", by=by, responsible=999_999, party=999_999, priority=9)
    assert set(refused.value.errors) == {"title", "responsible", "party", "priority"}
    with pytest.raises(NotFound):
        create_task("x", by=by, subject=("deal", 999_999))


def test_strangers_see_no_task(cast: Cast, by: Actor) -> None:
    task = create_task("Позвонить", by=by)
    seller = cast.actor(cast.seller)
    assert not Task.objects.visible_to(seller).exists()
    with pytest.raises(NotFound):
        change_task(task, by=seller, title="x")
    with tenant_scope(cast.other_company.pk):
        assert not Task.objects.exists()


def test_many_tasks_are_postponed_and_handed_over(cast: Cast, by: Actor) -> None:
    ids = [create_task(title, by=by).pk for title in "abc"]
    day = cast.company.today() + timedelta(days=7)
    assert set(postpone_tasks(ids, day, by=by)) == set(ids)
    assert set(assign_tasks(ids, cast.seller.pk, by=by)) == set(ids)
    assert Task.objects.filter(due_on=day, responsible=cast.seller).count() == 3


def test_pages_set_do_and_change_a_task(cast: Cast, client: Client) -> None:
    deal = a_deal(cast)
    assert "Корпоративный" in client.get(f"/c/romashka/tasks/new/?subject=deal:{deal.pk}").content.decode()
    sent = {
        "title": "Позвонить",
        "due_on": cast.company.today().isoformat(),
        "hour": "15:30",
        "responsible": str(cast.owner.pk),
    }
    wrong = client.post("/c/romashka/tasks/new/", sent | {"title": ""})
    assert wrong.status_code == 422
    done = client.post("/c/romashka/tasks/new/", sent | {"subject": f"deal:{deal.pk}"})
    assert (done.status_code, done.headers["HX-Refresh"]) == (204, "true")
    task = Task.objects.get()
    assert task.hour_in(cast.company.zone).hour == 15
    for path in ("tasks/", "tasks/list/", "", f"deals/{deal.pk}/"):
        assert "Позвонить" in client.get(f"/c/romashka/{path}").content.decode(), path
    line = client.post(f"/c/romashka/tasks/{task.pk}/done/").content.decode()
    assert 'aria-pressed="true"' in line
    client.post(f"/c/romashka/tasks/{task.pk}/done/")
    client.post(f"/c/romashka/tasks/{task.pk}/", sent | {"title": "Написать", "priority": "1"})
    task.refresh_from_db()
    assert (task.title, task.priority, task.done_at) == ("Написать", 1, None)
    client.post(f"/c/romashka/tasks/{task.pk}/", {"delete": "1"})
    assert not Task.objects.exists()


def test_home_names_deals_without_a_next_step(cast: Cast, client: Client, by: Actor) -> None:
    waiting = a_deal(cast, title="Без шага")
    page = client.get("/c/romashka/").content.decode()
    assert "Без шага" in page
    create_task("Позвонить", by=by, subject=("deal", waiting.pk))
    page = client.get("/c/romashka/").content.decode()
    assert page.count("Без шага") == 1
    assert "Позвонить" in page
