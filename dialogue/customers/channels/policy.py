"""May we write to this address? Lock, suppression and consent, each refused in words; asked when writing and again before handing over."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.utils import formats
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dialogue.customers.channels.errors import NoAddress, NoConsent, NoSender, SendingLocked, Suppressed
from dialogue.customers.channels.models import Delivery, Suppression, suppression_key
from dialogue.customers.parties.models import Channel, ConsentState, ContactKind, ContactPoint, Party, Purpose, consent_state
from dialogue.customers.parties.rules import normal_contact
from dialogue.kit.actors import system_actor
from dialogue.kit.frozen import record
from dialogue.kit.scope import current_tenant
from dialogue.kit.statement import Statement
from dialogue.platform.accounts.models import Membership
from dialogue.platform.embedded.writing import text_array
from dialogue.platform.mail.actions import add_sender_identity
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.outgoing import real_server
from dialogue.platform.tenants.models import Tenant

REFUSED = (ConsentState.REFUSED, ConsentState.WITHDRAWN)
# A letter about a customer's own request, deal or order needs no consent; an offer needs one given before (S2-2).
NEEDS_CONSENT = (Purpose.MARKETING, Purpose.RESEARCH)


SHUT = "SELECT key, purpose FROM channels_suppression WHERE tenant_id = %s AND key = ANY(%s::text[])"


def refuse_locked(company: Tenant) -> None:
    """Refuse while sending is locked.

    Raises:
        SendingLocked: the data came from a backup and nobody has unlocked sending since.
    """
    if company.sending_locked:
        raise SendingLocked(_("To send letters first unlock sending: this copy was restored from a backup."))


def point_to_write(party: Party, point: ContactPoint | None = None) -> ContactPoint:
    """Return the customer's e-mail address to write to: the chosen one, else the primary, else the first that works.

    Raises:
        NoAddress: there is none, or letters to it come back.
    """
    points = list(ContactPoint.objects.filter(party=party, kind=ContactKind.EMAIL).order_by("-is_primary", "id"))
    chosen = next((one for one in points if point is not None and one.pk == point.pk), None)
    if point is not None and chosen is None:
        raise NoAddress(_("To write choose one of this customer's e-mail addresses."), field="point")
    if not points:
        raise NoAddress(_("To write to this customer add an e-mail address to the card."), field="point")
    best = chosen or next((one for one in points if one.bad_at is None), points[0])
    if best.bad_at is not None:
        raise NoAddress(
            _("Letters to %(address)s come back: correct the address on the card.") % {"address": best.value}, field="point"
        )
    return best


def refuse_suppressed(channel: str, purpose: str, normal: str) -> None:
    """Refuse an address on the list of those we do not write to.

    Raises:
        Suppressed: with the reason and its date.
    """
    row = (
        Suppression.objects.filter(channel=channel, key=suppression_key(channel, normal), purpose__in=["", purpose])
        .order_by("purpose")
        .first()
    )
    if row is None:
        return
    since = formats.date_format(localtime(row.at), "DATE_FORMAT")
    raise Suppressed(
        _(
            "We do not write to this address: %(reason)s (%(since)s). To write again remove it from the stop list with his consent."
        )
        % {"reason": row.get_reason_display(), "since": since},
        field="point",
    )


def refuse_unconsented(party: Party, channel: str, purpose: str) -> None:
    """Refuse what the customer has not allowed.

    Raises:
        NoConsent: he refused or withdrew it; or an offer would need a consent and none is recorded.
    """
    said = consent_state([party.pk], channel, purpose).get(party.pk, "")
    if said in REFUSED:
        raise NoConsent(
            _("The customer has refused such letters. To write record his new consent on the card."), field="purpose"
        )
    if purpose in NEEDS_CONSENT and said != ConsentState.GIVEN:
        raise NoConsent(
            _(
                "To write an offer you must have his consent: record it on the card, or write about his own request, deal or order."
            ),
            field="purpose",
        )


SENDERS = Statement(lambda: SenderIdentity.objects.in_use()[:1])


def sender_for(company: Tenant, identity: SenderIdentity | None = None, *, outside: bool | None = None) -> SenderIdentity:
    """Return the identity to write from; while nothing can leave this machine the owner's own address serves.

    `outside` says whether letters leave this machine, where that is known; else it is asked.

    Raises:
        NoSender: none is named, or a real server is set and nothing proves that the address is the company's.
    """
    chosen = identity or SENDERS.first()
    if outside is None:
        outside = not company.is_demo and real_server() is not None
    if chosen is None and not outside:
        chosen = _owners_address(company)
    if chosen is None or chosen.archived_at is not None:
        raise NoSender(
            _("To write letters first name the address they come from, in the settings under “Senders”."), field="identity"
        )
    if outside and not chosen.is_proven:
        raise NoSender(
            _("To send outside first confirm the address %(address)s, in the settings under “Senders”.")
            % {"address": chosen.email},
            field="identity",
        )
    return chosen


def _owners_address(company: Tenant) -> SenderIdentity | None:
    owner = Membership.objects.filter(is_active=True, roles__everything=True).select_related("user").order_by("id").first()
    if owner is None:
        return None
    return add_sender_identity(email=owner.user.email, name=company.name, by=system_actor(company.pk))


@record
class Gate:
    """The answer of the second check, just before handing over, for many deliveries at once."""

    stopped: dict[int, str]

    @classmethod
    def of(cls, deliveries: Sequence[Delivery]) -> Gate:
        """Return which of the deliveries may no longer go, with the reason's code."""
        stopped: dict[int, str] = {}
        ways = _ways(deliveries)
        keys = {
            row.id: suppression_key(way[0], normal_contact(ContactKind.EMAIL, row.address, ""))
            for row, way in zip(deliveries, ways, strict=True)
        }
        shut: dict[str, set[str]] = {}
        with connection.cursor() as cursor:
            cursor.execute(SHUT, [current_tenant(), text_array(list(set(keys.values())))])
            for key, purpose in cursor.fetchall():
                shut.setdefault(key, set()).add(purpose)
        said = _consents(deliveries, ways)
        for row, (over, about) in zip(deliveries, ways, strict=True):
            if keys[row.id] in shut and shut[keys[row.id]] & {"", about}:
                stopped[row.id] = "suppressed"
            elif said.get((row.party_id, over, about)) in REFUSED:
                stopped[row.id] = "no-consent"
        return cls(stopped)


def _ways(deliveries: Sequence[Delivery]) -> list[tuple[str, str]]:
    """Return over which channel and about what each delivery is; those of a mailing say the same."""
    known: dict[int | None, tuple[str, str]] = {}
    ways = []
    for row in deliveries:
        alike = row.mailing_id if row.channel is None and row.purpose is None else None
        way = known.get(alike) if alike is not None else None
        if way is None:
            way = known[alike] = (row.over, row.about)
        ways.append(way)
    return ways


def _consents(deliveries: Sequence[Delivery], ways: Sequence[tuple[str, str]]) -> dict[tuple[int, str, str], str]:
    wanted: dict[tuple[str, str], set[int]] = {}
    for row, way in zip(deliveries, ways, strict=True):
        wanted.setdefault(way, set()).add(row.party_id)
    found: dict[tuple[int, str, str], str] = {}
    for (channel, purpose), parties in wanted.items():
        for party, state in consent_state(parties, channel, purpose).items():
            found[party, channel, purpose] = state
    return found


EMAIL = Channel.EMAIL
