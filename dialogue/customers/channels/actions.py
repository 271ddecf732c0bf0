"""Verbs over messages: write a letter, send it again, cancel it; unsubscribe; the list of addresses we do not write to."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.compose import places_of, sender_name
from dialogue.customers.channels.mailings import reopen_mailing, touch_of
from dialogue.customers.channels.models import (
    TRANSITIONS,
    Delivery,
    LetterTemplate,
    Message,
    State,
    Suppression,
    SuppressionReason,
    suppression_key,
)
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.policy import (
    EMAIL,
    point_to_write,
    refuse_locked,
    refuse_suppressed,
    refuse_unconsented,
    sender_for,
)
from dialogue.customers.channels.texts import PLACES, fill
from dialogue.customers.parties.models import Channel, ContactPoint, Party, Purpose
from dialogue.customers.parties.rules import normal_contact
from dialogue.customers.timeline.actions import record_touch
from dialogue.customers.timeline.bulk import record_same
from dialogue.customers.timeline.models import Way
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput, Refusal
from dialogue.kit.frozen import frozen
from dialogue.platform.audit.recording import difference, record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.mail.addresses import parse_email
from dialogue.platform.mail.headers import refuse_control
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.permissions import MailPermission
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company
from dialogue.platform.tenants.registry import company_settings, setting_of

SEND_JOB = "channels.send"
LETTER_SETTINGS = ("mail_follow_links", "mail_follow_opens", "mail_mark_returns", "mail_per_domain", "mail_postal_address")
SUBJECT_LIMIT, TEXT_LIMIT = 300, 20_000


@frozen
class Draft:
    """A letter as a person wrote it; `once` is the form's number, so that a second press sends nothing twice."""

    subject: str
    text: str
    purpose: str = Purpose.SERVICE
    point: ContactPoint | None = None
    identity: SenderIdentity | None = None
    once: UUID | None = None


def filled(draft: Draft, party: Party, *, by: Actor) -> tuple[str, str]:
    """Return the subject and text with their places filled from the card.

    Raises:
        InvalidInput: names what is empty, too long or cannot be filled.
    """
    places = places_of(party, company=open_company(), sender=sender_name(by.user))
    done: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field, given, limit in (("subject", draft.subject, SUBJECT_LIMIT), ("text", draft.text, TEXT_LIMIT)):
        try:
            text = given.replace("\0", "").replace("\r\n", "\n").strip()
            if field == "subject":
                text = refuse_control(text, _("subject"))
            done[field] = fill(text, places, field=field)
        except Refusal as error:
            errors[field] = error.message
            continue
        if not done[field]:
            errors[field] = (
                _("To send a letter write its subject.") if field == "subject" else _("To send a letter write its text.")
            )
        elif len(done[field]) > limit:
            errors[field] = _("Shorten this to %(limit)s characters.") % {"limit": limit}
    if draft.purpose not in Purpose.values:
        errors["purpose"] = _("Choose what the letter is about.")
    if errors:
        raise InvalidInput(errors)
    return done["subject"], done["text"]


@action(permission=ChannelPermission.SEND)
def write_letter(party: Party, draft: Draft, *, by: Actor, source: int | None = None) -> Delivery:
    """Write an e-mail to a customer: it stands on his timeline at once and a job sends it; return its delivery.

    Raises:
        SendingLocked: the company's data was restored and sending not unlocked.
        NoAddress, NoSender, Suppressed, NoConsent: there is no address, no sender, or he is not to be written to.
        InvalidInput: names every wrong field.
    """
    company = open_company()
    refuse_locked(company)
    if draft.once and (known := Message.objects.filter(once=draft.once).first()):
        return Delivery.objects.get(message=known, party=party)
    subject, text = filled(draft, party, by=by)
    point = point_to_write(party, draft.point)
    refuse_suppressed(EMAIL, draft.purpose, point.normal)
    refuse_unconsented(party, EMAIL, draft.purpose)
    parse_email(point.value)
    identity = sender_for(company, draft.identity)
    message = Message.objects.create(subject=subject, text=text, by=by.user, once=draft.once or uuid4())
    delivery = Delivery.objects.create(
        party=party,
        channel=EMAIL,
        purpose=draft.purpose,
        message=message,
        identity=identity,
        address=point.value,
    )
    touch = record_touch(
        party,
        kind="letter",
        way=Way.EMAIL,
        subject=subject,
        body=text,
        source=source,
        ref=("delivery", delivery.pk),
        # Who may write letters may not always write on timelines: the entry follows from the letter.
        by=replace(by, everything=True),
    )
    delivery.touch = touch.pk
    delivery.save(update_fields=["touch"])
    record(by, "letter.written", party, delivery=delivery.pk, about=subject)
    _send(delivery, party, by)
    return delivery


def _send(delivery: Delivery, party: Party, by: Actor) -> None:
    start_job(
        SEND_JOB, title=_("Letter to %(name)s") % {"name": party.name}, by=by, arguments={"deliveries": [delivery.pk]}, total=1
    )


def move(row: Delivery, state: str) -> None:
    """Change the state of a locked row.

    Raises:
        Conflict: the change is not one of the state machine.
    """
    if state not in TRANSITIONS[row.state]:
        raise Conflict(
            _("This letter is “%(state)s”: to change that is no longer possible.") % {"state": row.get_state_display()}
        )
    row.state = state


@action(permission=ChannelPermission.SEND)
def send_again(delivery: Delivery, *, by: Actor) -> Delivery:
    """Send once more a letter whose outcome is unknown, which was refused, or which did not go; return its delivery.

    Raises:
        Conflict: it is on its way or has arrived.
        SendingLocked, Suppressed, NoConsent: as in `write_letter`.
    """
    row = _locked(delivery)
    company = open_company()
    refuse_locked(company)
    normal = normal_contact("email", row.address, company.country)
    refuse_suppressed(row.over, row.about, normal)
    if row.mailing is None:
        # The right to a campaign's letter was decided when its people were chosen; the gates ask again before it goes.
        refuse_unconsented(row.party, row.over, row.about)
    move(row, State.PLANNED)
    row.attempts, row.code, row.answer, row.reason, row.due_at, row.settled_at = 0, 0, "", "", timezone.now(), None
    row.save()
    record(by, "letter.sent_again", row.party, delivery=row.pk)
    if row.mailing is None:
        _send(row, row.party, by)
    else:
        reopen_mailing(row.mailing, by=by)
    return row


def _locked(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_for_update(of=("self",)).select_related("party", "mailing").get(pk=delivery.pk)


@action(permission=ChannelPermission.SEND)
def leave_unknown(delivery: Delivery, *, by: Actor) -> Delivery:
    """Take a letter of unknown outcome as arrived, and return its delivery.

    Raises:
        Conflict: its outcome is known.
    """
    row = _locked(delivery)
    if row.state != State.UNKNOWN:
        raise Conflict(_("Only a letter of unknown outcome can be taken as arrived."))
    move(row, State.ACCEPTED)
    row.reason, row.settled_at = "taken-as-arrived", timezone.now()
    if row.mailing is not None and row.touch is None:
        row.touch = record_same([row.party_id], touch_of(row.mailing, row.settled_at), by=by)[row.party_id]
    row.save()
    record(by, "letter.taken_as_arrived", row.party, delivery=row.pk)
    return row


@action(permission=ChannelPermission.SEND)
def cancel_letter(delivery: Delivery, *, by: Actor) -> Delivery:
    """Stop a letter that has not gone yet and return its delivery.

    Raises:
        Conflict: it has gone or is going.
    """
    row = _locked(delivery)
    move(row, State.CANCELLED)
    row.reason, row.settled_at, row.due_at = "by-hand", timezone.now(), None
    row.save()
    record(by, "letter.cancelled", row.party, delivery=row.pk)
    return row


@action(permission=MailPermission.SERVER)
def change_letter_settings(*, by: Actor, **values: object) -> Tenant:
    """Set what is noted about letters and the postal address under them; return the company.

    Raises:
        Refusal: a value of another kind, or a setting that is not one of letters.
    """
    row = Tenant.objects.select_for_update().get(pk=by.tenant)
    known = {name: company_settings.get(name) for name in LETTER_SETTINGS}
    before = {name: setting_of(row, name) for name in known}
    for name, value in values.items():
        if name not in known:
            raise Refusal(_("There is no such setting of letters."), field=name)
        row.settings[name] = known[name].clean(value, field=name)
    row.save(update_fields=["settings"])
    record(by, "letter.settings", row, changes=difference(before, {name: setting_of(row, name) for name in known}))
    return row


@action(permission=ChannelPermission.SUPPRESS)
def suppress_address(
    address: str,
    *,
    by: Actor,
    reason: str = SuppressionReason.WISH,
    purpose: str = "",
    channel: str = Channel.EMAIL,
    evidence: str = "",
) -> Suppression:
    """Put an address on the list of those we do not write to, by its keyed hash, and return the line; twice is once.

    Raises:
        BadAddress: not an e-mail address.
    """
    if channel == Channel.EMAIL:
        parse_email(address)
    normal = normal_contact(channel, address, open_company().country)
    row, made = Suppression.objects.get_or_create(
        channel=channel,
        purpose=purpose,
        key=suppression_key(channel, normal),
        defaults={
            "reason": reason,
            "hint": normal.rpartition("@")[2],
            "by_label": by.label[:150],
            "evidence": evidence[:300],
        },
    )
    if made:
        record(by, "suppression.added", row, reason=reason, purpose=purpose)
    return row


@action(permission=ChannelPermission.SUPPRESS)
def lift_suppression(row: Suppression, *, by: Actor, evidence: str) -> None:
    """Take a line off the list; the evidence of the customer's wish is kept in the audit.

    Raises:
        Refusal: without evidence.
    """
    if not evidence.strip():
        raise Refusal(_("To write to this address again say when and how he allowed it."), field="evidence")
    found = Suppression.objects.select_for_update().filter(pk=row.pk).first()
    if found is not None:
        record(by, "suppression.lifted", found, evidence=evidence.strip()[:300], reason=found.reason)
        found.delete()


@action(permission=ChannelPermission.TEMPLATE)
def save_template(*, name: str, subject: str, text: str, by: Actor, template: LetterTemplate | None = None) -> LetterTemplate:
    """Keep a prepared letter under a name and return it.

    Raises:
        InvalidInput: names what is empty, taken or has a place nobody knows.
    """
    values = {
        "name": " ".join(name.split())[:80],
        "subject": subject.strip()[:SUBJECT_LIMIT],
        "text": text.strip()[:TEXT_LIMIT],
    }
    errors = {field: _("Fill this in.") for field, value in values.items() if not value}
    for field in ("subject", "text"):
        try:
            fill(values[field], dict.fromkeys(PLACES, "…"), field=field)
        except Refusal as error:
            errors[field] = error.message
    others = LetterTemplate.objects.filter(name=values["name"])
    if (others.exclude(pk=template.pk) if template else others).exists():
        errors["name"] = _("This name is taken: give another.")
    if errors:
        raise InvalidInput(errors)
    row = template or LetterTemplate()
    for field, value in values.items():
        setattr(row, field, value)
    row.save()
    record(by, "letter.template_saved", row)
    return row


@action(permission=ChannelPermission.TEMPLATE)
def remove_template(template: LetterTemplate, *, by: Actor) -> None:
    """Remove a prepared letter."""
    record(by, "letter.template_removed", template)
    template.delete()
