"""What follows from a message that was understood: an answer under its touch, the stop list, a next step for a person."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.ledger import flying_letters
from dialogue.customers.channels.models import Delivery
from dialogue.customers.channels.returns import after_touch, campaign_of, note_complaint, note_return, touch_of
from dialogue.customers.mailboxes.models import Incoming, Kind, Mailbox
from dialogue.customers.mailboxes.reading import Heard
from dialogue.customers.parties.models import ContactKind, ContactPoint, Party
from dialogue.customers.parties.rules import normal_contact
from dialogue.customers.tasks.actions import create_task
from dialogue.customers.tasks.models import Task
from dialogue.customers.timeline.actions import record_entries, record_response
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.customers.timeline.models import Entry, Way
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.platform.accounts.models import Membership
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.tenants.models import Tenant

ANSWERED_WITHIN = timedelta(days=60)
REPLIED = re.compile(r"^\s*(?:re|aw|sv|ответ|отв|відп|на|răsp|rasp)\s*(?:\[\d+\])?\s*:\s*", re.IGNORECASE)
MARK, SENDER = "mark", "sender"


class StillFlying(Exception):
    """The letter that a message is about is with the server this moment: the message is taken next time."""


def take(heard: Heard, mailbox: Mailbox, company: Tenant, *, by: Actor) -> Incoming:
    """Do what follows from the message and return its row, not written yet."""
    row = Incoming(
        mailbox=mailbox,
        digest=heard.digest,
        kind=heard.kind,
        sender=heard.sender,
        subject=heard.subject,
        note=heard.note[:300],
        at=min(heard.at or timezone.now(), timezone.now()),
    )
    delivery = _delivery(heard, company)
    if delivery is not None:
        row.delivery, row.party_id, row.found = delivery.pk, delivery.party_id, MARK
    if heard.kind in {Kind.BOUNCE, Kind.DELAY}:
        _take_report(row, heard, delivery, by)
    elif heard.kind == Kind.COMPLAINT and delivery is not None:
        row.entry = _number(note_complaint(delivery, at=heard.at, by=by))
    elif heard.kind == Kind.AUTOMATIC and delivery is not None and heard.text:
        row.entry = _take_automatic(heard, delivery, by)
    elif heard.kind == Kind.REPLY and _is_ours(heard.sender):
        # A colleague answered from his own program with the mailbox in copy: we spoke, not the customer.
        row.kind, row.note = Kind.OTHER, "own"
    elif heard.kind == Kind.REPLY:
        _take_reply(row, heard, delivery, mailbox=mailbox, company=company, by=by)
    return row


def _is_ours(sender: str) -> bool:
    return (
        SenderIdentity.objects.filter(email__iexact=sender).exists()
        or Membership.objects.filter(user__email__iexact=sender, is_active=True).exists()
    )


def _number(entry: Entry | None) -> int | None:
    return entry.pk if entry is not None else None


def _delivery(heard: Heard, company: Tenant) -> Delivery | None:
    ours = [pk for tenant, pk in heard.marks if tenant == company.pk]
    # Asked first: between the two a letter can only have landed.
    flying = {row.pk for row in flying_letters(ours)} if ours else set()
    found = {row.pk: row for row in Delivery.objects.filter(pk__in=ours).select_related("message", "mailing")}
    if flying and not found:
        raise StillFlying
    return next((found[pk] for pk in ours if pk in found), None)


def _take_report(row: Incoming, heard: Heard, delivery: Delivery | None, by: Actor) -> None:
    report = heard.report
    if report is not None:
        row.note = f"{report.status} {report.recipient} {report.words}"[:300]
    # A report that carries none of our marks may be anybody's invention: it is listed, and nothing follows.
    if delivery is None or report is None or heard.kind == Kind.DELAY:
        return
    noted = note_return(delivery, dead=report.dead, status=report.status, words=report.words, at=heard.at, by=by)
    row.entry = _number(noted)


def _take_automatic(heard: Heard, delivery: Delivery, by: Actor) -> int | None:
    """Keep what the answering machine said under the touch: a note, never an answer (RFC 3834)."""
    touch = touch_of(delivery)
    if not Party.objects.filter(pk=delivery.party_id).exists():
        return None
    draft = EntryDraft(
        party=delivery.party_id,
        kind="out_of_office",
        at=after_touch(heard.at, touch),
        way=Way.EMAIL,
        subject=heard.subject,
        body=heard.text[:2000],
        touch=touch.pk if touch else None,
        source=touch.source if touch else campaign_of(delivery),
    )
    return record_entries([draft], by=by, cause="mailbox")[0]


def _take_reply(
    row: Incoming, heard: Heard, delivery: Delivery | None, *, mailbox: Mailbox, company: Tenant, by: Actor
) -> None:
    touch = touch_of(delivery) if delivery is not None else None
    party = Party.objects.filter(pk=delivery.party_id).first() if delivery is not None else None
    if party is None:
        party = _writer(heard.sender, company)
        touch = _by_subject(party, heard) if party is not None else None
        row.delivery, row.party, row.found = None, party, SENDER if party else ""
    if party is None:
        row.kind = Kind.OTHER
        return
    facts = {"from": heard.sender} if delivery is None or heard.sender.lower() != delivery.address.lower() else None
    entry = record_response(
        party,
        kind="reply",
        way=Way.EMAIL,
        touch=touch,
        source=campaign_of(delivery) if delivery is not None and touch is None else None,
        subject=heard.subject,
        body=heard.text,
        at=after_touch(heard.at, touch),
        facts=facts,
        by=by,
    )
    row.entry = entry.pk
    _ask_for_an_answer(party, heard, delivery, mailbox=mailbox, company=company, by=by)


def _writer(sender: str, company: Tenant) -> Party | None:
    """Return the customer known by this address; of several the one it was given for first."""
    try:
        normal = normal_contact(ContactKind.EMAIL, sender, company.country)
    except Refusal:
        return None
    points = ContactPoint.objects.filter(kind=ContactKind.EMAIL, normal=normal, party__deleted_at=None)
    point = points.select_related("party").order_by("-is_primary", "id").first()
    return point.party if point is not None else None


def _by_subject(party: Party, heard: Heard) -> Entry | None:
    """Return the letter whose subject the reply repeats, where its program kept no reference."""
    bare = REPLIED.sub("", heard.subject)
    if not bare or (bare == heard.subject and not heard.answers):
        return None
    said = Entry.objects.touches().of(party).filter(way=Way.EMAIL, subject=bare, at__gte=timezone.now() - ANSWERED_WITHIN)
    return said.newest().first()


def _ask_for_an_answer(
    party: Party, heard: Heard, delivery: Delivery | None, *, mailbox: Mailbox, company: Tenant, by: Actor
) -> None:
    if "tasks" in company.rooms_off:
        return
    title = (_("Answer %(name)s") % {"name": party.name})[:200]
    if Task.objects.open().filter(party=party, title=title).exists():
        return
    writer = delivery.message.by if delivery is not None and delivery.message else None
    asked = [one for one in (writer, party.responsible_id, mailbox.responsible_id) if one is not None]
    active = set(Membership.objects.filter(user_id__in=asked, is_active=True).values_list("user_id", flat=True))
    create_task(
        title,
        responsible=next((one for one in asked if one in active), None),
        party=party.pk,
        note="\n".join(filter(None, [heard.subject, heard.text[:1000]])),
        by=by,
    )
