"""What comes back after a letter was taken: undelivered after all, or its receiver complained about spam."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.actions import suppress_address
from dialogue.customers.channels.models import TRANSITIONS, Delivery, State, SuppressionReason
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.signals import DeliveriesFact, deliveries_settled
from dialogue.customers.channels.unsubscribing import end_letters
from dialogue.customers.parties.details import mark_contact_point
from dialogue.customers.parties.models import ContactKind, ContactPoint, Party
from dialogue.customers.parties.rules import normal_contact
from dialogue.customers.timeline.actions import record_response
from dialogue.customers.timeline.attribution import DEEDS
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.opened import open_company

SOFT_RETURNS, SOFT_DAYS = 3, timedelta(days=30)


def touch_of(delivery: Delivery) -> Entry | None:
    """Return the entry on the timeline that the delivery was, None before it stands there."""
    said = Entry.objects.touches()
    if delivery.touch is not None:
        return said.filter(pk=delivery.touch).first()
    return said.filter(ref_kind="delivery", ref_id=delivery.pk).first()


def campaign_of(delivery: Delivery) -> int | None:
    """Return the source of the mailing a delivery belongs to, for what has no touch to take it from."""
    return delivery.mailing.source if delivery.mailing else None


def after_touch(at: datetime | None, touch: Entry | None) -> datetime:
    """Return when an answer came: not before what it answers and not ahead, whatever its sender's clock says."""
    now = timezone.now()
    moment = min(at or now, now)
    return max(moment, touch.at) if touch is not None else moment


def _already(delivery: int, kind: str) -> bool:
    return Entry.objects.filter(ref_kind="delivery", ref_id=delivery, kind=kind).exists()


def _mark_bad(row: Delivery, by: Actor) -> None:
    normal = normal_contact(ContactKind.EMAIL, row.address, open_company().country)
    for point in ContactPoint.objects.filter(party=row.party_id, kind=ContactKind.EMAIL, normal=normal, bad_at=None):
        mark_contact_point(point, bad=True, by=by)


def is_soft(status: str) -> bool:
    """Return whether a status of RFC 3463 says that the mailbox was full or out of reach for now."""
    return status.startswith("4.") or status == "5.2.2"


def _soft_returns(row: Delivery) -> int:
    """Return how many letters to this customer came back softly of late, since he last answered."""
    since = timezone.now() - SOFT_DAYS
    last = Entry.objects.responses().of(row.party_id).filter(kind__in=DEEDS, at__gte=since).newest().first()
    returns = Entry.objects.of(row.party_id).filter(kind="returned", at__gte=last.at if last else since)
    return sum(is_soft(str((facts or {}).get("status", ""))) for facts in returns.values_list("facts", flat=True))


@action(permission=ChannelPermission.SUPPRESS)
def note_return(
    delivery: Delivery, *, by: Actor, dead: bool, status: str = "", words: str = "", at: datetime | None = None
) -> Entry | None:
    """Note that a letter came back undelivered, once; return its entry, None where it is known or the customer is gone.

    A dead address goes to the stop list and is marked on the card. One that was full or out of reach is marked after the third
    such return in a month without an answer between; a refusal for another reason changes the letter only.
    """
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if _already(row.pk, "returned"):
        return None
    if State.REFUSED in TRANSITIONS[row.state]:
        row.state, row.reason, row.settled_at = State.REFUSED, "dead-address" if dead else "returned", timezone.now()
        row.answer = f"{status} {words}".strip()[:500]
        row.save(update_fields=["state", "reason", "settled_at", "answer"])
        deliveries_settled.tell(DeliveriesFact([row]))
    record(by, "letter.returned", row, status=status, dead=dead)
    evidence = f"{status} {words}".strip()[:300]
    if dead:
        suppress_address(row.address, reason=SuppressionReason.BOUNCED, evidence=evidence, by=by)
        _mark_bad(row, by)
    elif is_soft(status) and _soft_returns(row) + 1 >= SOFT_RETURNS:
        _mark_bad(row, by)
    party = Party.objects.filter(pk=row.party_id).first()
    if party is None:
        return None
    touch = touch_of(row)
    return record_response(
        party,
        kind="returned",
        touch=touch,
        source=campaign_of(row),
        at=after_touch(at, touch),
        subject=evidence,
        ref=("delivery", row.pk),
        facts={"status": status, "dead": dead},
        by=by,
    )


@action(permission=ChannelPermission.SUPPRESS)
def note_complaint(delivery: Delivery, *, by: Actor, at: datetime | None = None) -> Entry | None:
    """Note that the receiver called the letter spam, once: offers to his address end; return the entry as `note_return` does."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if _already(row.pk, "marked_spam"):
        return None
    party = Party.objects.filter(pk=row.party_id).first()
    evidence = _("complaint about spam to his mail provider")
    end_letters(row, party, reason=SuppressionReason.COMPLAINT, evidence=evidence, by=by)
    record(by, "letter.complained", row)
    if party is None:
        return None
    touch = touch_of(row)
    moment = after_touch(at, touch)
    return record_response(
        party, kind="marked_spam", touch=touch, source=campaign_of(row), at=moment, ref=("delivery", row.pk), by=by
    )
