"""Why deals are lost: the reasons a company keeps, and free words beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dialogue.customers.parties.rules import one_line
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.selling.deals.errors import ReasonNeeded
from dialogue.selling.deals.models import Deal, LossReason
from dialogue.selling.deals.permissions import DealPermission

LONGEST = 200
FIRST_REASONS = (
    gettext_noop("Too expensive"),
    gettext_noop("Chose another supplier"),
    gettext_noop("No need any more"),
    gettext_noop("The time does not suit"),
    gettext_noop("No answer"),
)


@frozen
class Why:
    """Why one deal is lost: the kept reason, where it is one, and the words, never empty for a lost deal."""

    loss: int | None = None
    words: str = ""


NO_WHY = Why()


def reasons_in_use() -> dict[int, str]:
    """Return `{id: name}` of the reasons in use, in their order."""
    return dict(LossReason.objects.in_use().values_list("pk", "name"))


def matched(reason: str, loss: int | None, known: Mapping[int, str]) -> Why:
    """Return why a deal is lost: words that are a kept reason's name are that reason; a reason alone lends its name.

    Raises:
        Refusal: the reason is not among those in use.
    """
    words = one_line(reason)[:LONGEST]
    if loss is None and words:
        loss = next((pk for pk, name in known.items() if name.casefold() == words.casefold()), None)
    if loss is not None and loss not in known:
        raise Refusal(_("Choose a reason from the company's list."), field="loss", code="unknown-reason")
    return Why(loss, words or (known[loss] if loss else ""))


def why_lost(reason: str, loss: int | None) -> Why:
    """Return why deals are lost, checked.

    Raises:
        ReasonNeeded: neither a reason nor words.
        Refusal: the reason is not among those in use.
    """
    why = matched(reason, loss, reasons_in_use())
    if not why.words:
        raise ReasonNeeded(_("To close the deal as lost you must say why."), field="reason")
    return why


def make_first_reasons() -> None:
    """Make the reasons a new company begins with, in the language in force. Called in the company's scope."""
    LossReason.objects.bulk_create(
        [LossReason(name=_(name), position=position) for position, name in enumerate(FIRST_REASONS, 1)]
    )


def _checked_name(name: str, besides: int = 0) -> str:
    name = one_line(name)[:80]
    if not name:
        raise Refusal(_("Give the reason a name."), field="name")
    if LossReason.objects.in_use().filter(name__iexact=name).exclude(pk=besides).exists():
        raise Refusal(_("Choose another name: “%(name)s” is in use.") % {"name": name}, field="name")
    return name


def _number(reasons: list[LossReason]) -> None:
    for position, reason in enumerate(reasons, 1):
        reason.position = position
    LossReason.objects.bulk_update(reasons, ["position"])


@action(permission=DealPermission.PIPELINE)
def add_loss_reason(name: str, *, by: Actor) -> LossReason:
    """Add a reason at the end of the list; return it.

    Raises:
        Refusal: no name, or one in use.
    """
    last = LossReason.objects.in_use().last()
    reason: LossReason = LossReason.objects.create(name=_checked_name(name), position=last.position + 1 if last else 1)
    record(by, "loss_reason.added", reason)
    return reason


@action(permission=DealPermission.PIPELINE)
def change_loss_reason(reason: LossReason, *, by: Actor, **fields: Any) -> LossReason:
    """Change a reason's `name` or its `position` among the others; lost deals that bear its name follow; return it.

    Raises:
        Refusal: no name, or one in use.
    """
    row = LossReason.objects.select_for_update().get(pk=reason.pk)
    before = snapshot(row, ["name", "position"])
    if "name" in fields:
        row.name = _checked_name(fields["name"], besides=row.pk)
        Deal.with_bin.filter(loss=row, lost_reason=before["name"]).update(lost_reason=row.name)
    row.save()
    if "position" in fields:
        others = list(LossReason.objects.in_use().exclude(pk=row.pk))
        others.insert(max(0, min(int(fields["position"]) - 1, len(others))), row)
        _number(others)
    record(by, "loss_reason.changed", row, changes=difference(before, snapshot(row, ["name", "position"])))
    return row


@action(permission=DealPermission.PIPELINE)
def archive_loss_reason(reason: LossReason, *, by: Actor) -> LossReason:
    """Take a reason out of use; the deals lost for it keep it; return it."""
    row = LossReason.objects.select_for_update().get(pk=reason.pk)
    row.archived_at = timezone.now()
    row.save()
    record(by, "loss_reason.archived", row)
    return row
