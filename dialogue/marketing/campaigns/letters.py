"""The letters of a campaign: which text a person gets, filled for a preview, a test or the mailing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _

from dialogue.customers.channels.blocks import Block, all_text, filled_blocks
from dialogue.customers.channels.compose import letter_texts, places_of, sender_name
from dialogue.customers.channels.makers import Draft
from dialogue.customers.channels.models import Delivery, Mailing
from dialogue.customers.channels.policy import refuse_locked, sender_for
from dialogue.customers.channels.texts import fill
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.statement import Statement
from dialogue.marketing.campaigns.models import Campaign, Content, Run, Test
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.vouchers import PLACE as COUPON
from dialogue.marketing.campaigns.vouchers import codes_of, example_of
from dialogue.platform.accounts.models import User
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.mail.addresses import Address, parse_email
from dialogue.platform.mail.dkim import sign
from dialogue.platform.mail.letters import Letter, assemble
from dialogue.platform.mail.outgoing import real_server, way_out
from dialogue.platform.mail.transport import Outcome
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company

CAUSE = "campaign"


@frozen
class Written:
    """What a person gets, its places unfilled; `key` changes with every change of the words."""

    subject: str
    body: str
    key: tuple[int, ...]
    blocks: Sequence[Block] = ()


@frozen
class Shown:
    """A letter as its reader will see it."""

    subject: str
    plain: str
    html: str
    size: int


CONTENTS = Statement(lambda campaign: Content.objects.filter(campaign=campaign).current())


class Texts:
    """The newest texts of a campaign: `rows` by arm and language for everybody, `own` for people of a segment, its number first."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        newest = CONTENTS.rows(campaign=campaign.pk)
        self.rows = {(one.arm, one.language): one for one in newest if not one.letter}
        self.own = {(one.letter, one.arm, one.language): one for one in newest if one.letter}

    def of_letter(self, letter: int) -> dict[tuple[str, str], Content]:
        """Return the texts of one letter by arm and language."""
        return (
            {(arm, language): one for (number, arm, language), one in self.own.items() if number == letter}
            if letter
            else self.rows
        )

    def content(self, arm: str, language: str, letter: int = 0) -> Content | None:
        """Return the text of an arm in a language, else the one in no language; a segment's own first, None where none is written."""
        own = (self.own.get((letter, arm, language)) or self.own.get((letter, arm, ""))) if letter else None
        return own or self.rows.get((arm, language)) or self.rows.get((arm, ""))

    def written(self, arm: str, language: str, letter: int = 0) -> Written | None:
        """Return what a reader of the language in the arm gets; a test of subjects shares the body of letter A."""
        mine = self.content(arm, language, letter)
        if mine is None:
            return None
        if arm == "b" and self.campaign.test == Test.SUBJECT:
            first = self.content("a", language, letter)
            return Written(mine.subject, first.body, (mine.pk, first.pk), first.blocks) if first else None
        return Written(mine.subject, mine.body, (mine.pk,), mine.blocks)


def language_of(party: Party, company: Tenant) -> str:
    """Return the language a customer is written to in: his own where we speak it, else the company's."""
    return party.language if party.language in dict(settings.LANGUAGES) else company.language


def letters_for(deliveries: Sequence[Delivery]) -> Mapping[int, Draft]:
    """Return the letter of each delivery of a campaign's mailing; who has left the base is left out."""
    runs = dict(Mailing.objects.filter(pk__in={one.mailing_id for one in deliveries}).values_list("pk", "cause_id"))
    known = {run.pk: run for run in Run.objects.filter(pk__in=runs.values()).select_related("campaign__coupons")}
    texts = {pk: Texts(run.campaign) for pk, run in known.items()}
    codes = {
        pk: codes_of(run.campaign.coupons, [one.party_id for one in deliveries if runs.get(one.mailing_id or 0) == pk])
        for pk, run in known.items()
    }
    names = {pk: sender_name(run.campaign.responsible_id) for pk, run in known.items()}
    company = open_company()
    people = {one.pk: one for one in Party.objects.filter(pk__in=[d.party_id for d in deliveries]).select_related("company")}
    made: dict[int, Draft] = {}
    for one in deliveries:
        party, run = people.get(one.party_id), runs.get(one.mailing_id or 0)
        if party is None or run not in texts:
            continue
        language = language_of(party, company)
        variant = one.variant or "a"
        text = texts[run].written(variant[0], language, int(variant[1:] or 0))
        if text is None:
            continue
        values = places_of(party, company=company, sender=names[run]) | {COUPON: codes[run].get(party.pk, "")}
        made[one.pk] = Draft(text.subject, text.body, values, language, text.key, party.name, text.blocks)
    return made


def show_letter(subject: str, body: str, party: Party, *, campaign: Campaign, blocks: Sequence[Block] = ()) -> Shown:
    """Return the letter filled for a customer as he will read it, links as written.

    Raises:
        Refusal: a place nobody knows, one the card has nothing for, or marks that are not of the language.
    """
    company = open_company()
    values = places_of(party, company=company, sender=sender_name(campaign.responsible_id))
    values[COUPON] = example_of(campaign.coupons, party)
    said = fill(subject, values, field="subject")
    text = fill(all_text(blocks) if blocks else body, values, field="body")
    language = language_of(party, company)
    plain, html = letter_texts(
        text,
        company=company,
        language=language,
        follow=str,
        unsubscribe=settings.PUBLIC_URL,
        blocks=filled_blocks(blocks, values),
    )
    return Shown(said, plain, html, len(plain.encode()) + len(html.encode()))


@action(permission=CampaignPermission.WRITE)
def send_test(campaign: Campaign, *, by: Actor, party: Party, subject: str, body: str, blocks: Sequence[Block] = ()) -> str:
    """Send the letter, filled as for a customer, to the member himself; return the address it went to.

    Raises:
        Refusal: the letter cannot be filled, the member has no address, or the server did not take it.
        SendingLocked, NoSender: as for a letter.
    """
    company, user = open_company(), User.objects.filter(pk=by.user or 0).first()
    refuse_locked(company)
    if user is None or not user.email:
        raise Refusal(_("To send a test letter to yourself you must have an e-mail address."))
    identity = sender_for(company, campaign.identity)
    shown = show_letter(subject, body, party, campaign=campaign, blocks=blocks)
    letter = Letter(
        sender=Address(identity.email, identity.name),
        to=Address(parse_email(user.email), str(user)),
        subject=_("Test: %(subject)s") % {"subject": shown.subject},
        text=shown.plain,
        html=shown.html,
        message_id=f"{uuid4()}@{identity.domain}",
        language=language_of(party, company),
    )
    out = way_out(stay=company.is_demo or real_server() is None)
    try:
        result = out.send(identity.envelope_from, [user.email], sign(assemble(letter), identity.signer()))
    finally:
        out.close()
    if result.outcome != Outcome.ACCEPTED:
        raise Refusal(_("The mail server did not take the test letter: %(words)s") % {"words": result.text[:200]})
    record(by, "campaign.tested", campaign, about=shown.subject)
    return str(user.email)
