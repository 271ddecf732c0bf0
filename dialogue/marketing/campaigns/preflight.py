"""What must be right before a campaign leaves: each finding says what is wrong and where to mend it; some stop the launch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogue.customers.channels.blocks import Block, Kind, all_text, blocks_html, links_in, tried_out
from dialogue.customers.channels.own_html import removed_from
from dialogue.customers.channels.policy import refuse_locked, sender_for
from dialogue.customers.channels.texts import PLACES, fill, links_of
from dialogue.kit.errors import Conflict, Refusal
from dialogue.kit.frozen import frozen, record
from dialogue.marketing.campaigns.freezing import Audience, lines_of
from dialogue.marketing.campaigns.letters import Texts, Written
from dialogue.marketing.campaigns.links import dead_links
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Content, Side, Test
from dialogue.marketing.campaigns.vouchers import PLACE as COUPON
from dialogue.marketing.campaigns.vouchers import coupons_wrong
from dialogue.platform.mail.dns import DnsSilent, txt_lookup
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.outgoing import real_server
from dialogue.platform.tenants.opened import open_company

# Larger letters are cut by large mail providers (Gmail at 102 KB), the way to unsubscribe with them.
LARGEST = 100_000
# Above this share without consent the segment is wrong, not the people.
MOST_WITHOUT = 0.5
HOST = re.compile(r"(?=.{4,253}\Z)([\w-]{1,63}\.)+[\w-]{2,63}\Z")
UNNAMED = re.compile(r"\[[^\[\]\n]{1,200}\]\((?!https?://)([^)\n]{0,200})\)")
ASKED = re.compile(r"\{%\s*(?:if|elif)\s+([a-z_]+)")
# Addresses without which a block is nothing.
NEEDED = {(Kind.PICTURE, "src"), (Kind.BUTTON, "link")}
FILLED = {COUPON, "name", "our_company", "sender"}
ALONE = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


class Grade(StrEnum):
    """What a finding means for the launch."""

    STOP = "bad"
    WARN = "warn"
    GOOD = "good"


@frozen
class Finding:
    """One thing looked at; `where` names the page that mends it: "plan", "letters" or "senders"."""

    grade: Grade
    words: str
    where: str = ""


@record
class Preflight:
    """All findings."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def stops(self) -> list[Finding]:
        """What stops the launch."""
        return [one for one in self.findings if one.grade is Grade.STOP]

    def refuse(self) -> None:
        """Refuse the launch.

        Raises:
            Conflict: with every finding that stops it.
        """
        if self.stops:
            words = [one.words for one in self.stops]
            raise Conflict(_("To launch first mend: %(what)s") % {"what": " ".join(words)}, code="preflight", findings=words)


def look_before(
    campaign: Campaign, audience: Audience | None = None, lines: Sequence[CampaignSegment] | None = None
) -> Preflight:
    """Return what was found right and wrong; with the counted audience also whether the segments (`lines`) make sense."""
    found = Preflight()
    lines = lines_of(campaign) if lines is None else lines
    found.findings += _segments(lines)
    texts = Texts(campaign)
    contents = [*texts.rows.values(), *texts.own.values()]
    found.findings += _letters(campaign, texts, lines)
    for stops, words, where in coupons_wrong(campaign, contents, audience):
        found.findings.append(Finding(Grade.STOP if stops else Grade.WARN, words, where))
    found.findings += _sender(campaign, contents)
    if audience is not None:
        found.findings += _people(audience)
    return found


def look_at_letters(campaign: Campaign, texts: Texts, lines: Sequence[CampaignSegment]) -> list[Finding]:
    """Return what is wrong or worth a look in the letters themselves; nothing is asked of other servers, as the launch does."""
    contents = [*texts.rows.values(), *texts.own.values()]
    told = (
        Finding(Grade.STOP if stops else Grade.WARN, words, where)
        for stops, words, where in coupons_wrong(campaign, contents, None)
    )
    return [*_letters(campaign, texts, lines), *(one for one in told if one.where == "letters")]


def _segments(lines: Sequence[CampaignSegment]) -> Iterator[Finding]:
    rows = [(one.side, one.segment) for one in lines]
    if not any(side == Side.INCLUDE for side, _segment in rows):
        yield Finding(Grade.STOP, _("Choose at least one segment to be addressed."), "plan")
    for _side, segment in rows:
        if segment is None or segment.deleted_at is not None:
            yield Finding(Grade.STOP, _("A segment of the campaign was deleted: choose another one."), "plan")
        elif segment.problem:
            words = _("The segment “%(name)s” cannot be filled: %(why)s")
            yield Finding(Grade.STOP, words % {"name": segment.name, "why": segment.problem}, "plan")


def _letters(campaign: Campaign, texts: Texts, lines: Sequence[CampaignSegment]) -> Iterator[Finding]:
    for arm in campaign.arms:
        name = _("Letter %(arm)s") % {"arm": arm.upper()} if len(campaign.arms) > 1 else _("The letter")
        if (arm, "") not in texts.rows:
            words = _("%(letter)s: write the text for everybody; other languages come beside it.")
            yield Finding(Grade.STOP, words % {"letter": name}, "letters")
        for (one, language), content in sorted(texts.rows.items()):
            if one == arm:
                yield from _letter(texts.written(arm, language), content, f"{name} ({language})" if language else name)
        yield from _own_letters(campaign, texts, arm, name, {one.number: one.name for one in lines})


def _own_letters(campaign: Campaign, texts: Texts, arm: str, name: str, names: Mapping[int, str]) -> Iterator[Finding]:
    for (number, one, language), content in sorted(texts.own.items()):
        if one == arm:
            told = f"{name}, {names.get(number, number)}" + (f" ({language})" if language else "")
            yield from _letter(texts.written(arm, language, number), content, told)
    if arm == "b" and campaign.test == Test.BODY:
        there = {number for number, one, _language in texts.own if one == "b"}
        for number in sorted({number for number, one, _language in texts.own if one == "a"} - there):
            words = _("%(letter)s, %(segment)s: write it too, else these people get the letter for everybody.")
            yield Finding(Grade.STOP, words % {"letter": name, "segment": names.get(number, number)}, "letters")


def _letter(text: Written | None, content: Content, name: str) -> Iterator[Finding]:
    subject, blocks = (text.subject, text.blocks) if text else (content.subject, content.blocks)
    body = all_text(blocks) if blocks else text.body if text else content.body
    if not subject:
        yield Finding(Grade.STOP, _("%(letter)s: write a subject.") % {"letter": name}, "letters")
    if not body:
        yield Finding(Grade.STOP, _("%(letter)s: write a text.") % {"letter": name}, "letters")
    for part, said in (("subject", subject), ("body", body)):
        try:
            fill(said, dict.fromkeys((*PLACES, COUPON), "x"), field=part)
        except Refusal as refusal:
            yield Finding(Grade.STOP, f"{name}: {refusal.message}", "letters")
    links = links_in(blocks) if blocks else links_of(body)
    bad = [link for link in links if not is_address(link)] + UNNAMED.findall(body)
    for link in bad[:5]:
        words = _("%(letter)s: “%(link)s” leads nowhere; an address begins with https:// and names a site.")
        yield Finding(Grade.STOP, words % {"letter": name, "link": link[:80]}, "letters")
    yield from blocks_right(blocks, name)
    if size_of(body, blocks) > LARGEST:
        words = _("%(letter)s is larger than 100 KB: mail programs would cut its end, the way to unsubscribe with it.")
        yield Finding(Grade.STOP, words % {"letter": name}, "letters")
    # What a condition asks about stands where the card has something.
    alone = sorted(set(ALONE.findall(subject + body)) - set(ASKED.findall(body)) - FILLED)
    if alone:
        words = _("%(letter)s: who has nothing on the card for %(places)s gets no letter; give other words: {{%(place)s|…}}.")
        listed = ", ".join(f"{{{{{place}}}}}" for place in alone)
        yield Finding(Grade.WARN, words % {"letter": name, "places": listed, "place": alone[0]}, "letters")


def size_of(body: str, blocks: Sequence[Block]) -> int:
    """Return about how many bytes the letter has: what was written, and once more as HTML."""
    try:
        html = blocks_html(blocks, str) if blocks else body
    except Refusal:
        html = body
    return len(body.encode()) + len(html.encode())


def blocks_right(blocks: Sequence[Block], name: str) -> Iterator[Finding]:
    """Return what is wrong in the blocks of a letter: addresses that are none, pictures nobody described, HTML taken out."""
    for number, block in enumerate(blocks, start=1):
        said = {"letter": name, "number": number, "block": Kind(block["kind"]).label}
        for place in ("src", "link"):
            known, needed = block.get(place, ""), (block["kind"], place) in NEEDED
            if (known and not is_address(known)) or (needed and not known):
                words = _(
                    "%(letter)s, block %(number)s (%(block)s): give an address that begins with https:// and names a site."
                )
                yield Finding(Grade.STOP, words % said, "letters")
        if block["kind"] == Kind.PICTURE and not block.get("alt"):
            words = _("%(letter)s, block %(number)s: say what the picture shows; many read without pictures.")
            yield Finding(Grade.WARN, words % said, "letters")
        taken = removed_from(block.get("html", ""))
        if taken:
            words = _("%(letter)s, block %(number)s: taken out of the HTML, as mail programs show none of it: %(what)s.")
            yield Finding(Grade.WARN, words % (said | {"what": ", ".join(taken[:8])}), "letters")
    try:
        tried_out(blocks)
    except Refusal as refusal:
        yield Finding(Grade.STOP, f"{name}: {refusal.message}", "letters")


def is_address(link: str) -> bool:
    """Return whether a link names a site that can be asked for."""
    try:
        parts = urlsplit(link)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(HOST.match(host))


def _sender(campaign: Campaign, contents: Sequence[Content]) -> Iterator[Finding]:
    company = open_company()
    outside = not company.is_demo and real_server() is not None
    try:
        refuse_locked(company)
        identity = sender_for(company, campaign.identity, outside=outside)
    except Refusal as refusal:
        yield Finding(Grade.STOP, refusal.message, "senders")
        return
    if not outside:
        words = _("The letters stay in the local mailbox: no mail server is set, or this is the demonstration company.")
        yield Finding(Grade.WARN, words, "senders")
    else:
        yield from records_of(identity)
        yield from _answering(contents)
    yield Finding(Grade.GOOD, _("Every letter carries the way to unsubscribe with one click."))


def _answering(contents: Sequence[Content]) -> Iterator[Finding]:
    links = [link for one in contents for link in (links_in(one.blocks) if one.blocks else links_of(one.body))]
    links = [link for link in links if is_address(link)]
    for link, status in dead_links(links).items():
        words = _("The page “%(link)s” is not there: its server says %(status)s.")
        yield Finding(Grade.STOP, words % {"link": link[:80], "status": status}, "letters")


def records_of(identity: SenderIdentity) -> Iterator[Finding]:
    """Return what DNS says of the sender's domain: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989)."""
    find, domain = txt_lookup(), identity.domain
    try:
        spf = [text for text in find(domain) if text.lower().split(" ")[0] == "v=spf1"]
        keys = find(identity.record_name)
        policies = _dmarc(domain, find)
    except DnsSilent:
        yield Finding(
            Grade.WARN, _("The domain name system did not answer: the sender's records were not looked at."), "senders"
        )
        return
    if len(spf) != 1:
        words = _("The domain %(domain)s must publish one SPF record; it has %(count)s.")
        yield Finding(Grade.STOP, words % {"domain": domain, "count": len(spf)}, "senders")
    if not any("p=" in text for text in keys):
        words = _("The domain %(domain)s does not publish the key that signs letters (DKIM).")
        yield Finding(Grade.STOP, words % {"domain": domain}, "senders")
    if not policies:
        words = _("The domain %(domain)s has no DMARC record; large mail providers refuse campaigns without one.")
        yield Finding(Grade.STOP, words % {"domain": domain}, "senders")
    elif "p=none" in policies[0].replace(" ", "").lower():
        yield Finding(
            Grade.WARN, _("The DMARC record of %(domain)s does not enforce anything yet.") % {"domain": domain}, "senders"
        )
    if len(spf) == 1 and policies and any("p=" in text for text in keys):
        yield Finding(Grade.GOOD, _("SPF, DKIM and DMARC of %(domain)s stand.") % {"domain": domain})


def _dmarc(domain: str, find: object) -> list[str]:
    """Return the DMARC record that holds for a domain, found up the tree."""
    labels = domain.split(".")
    for number in range(len(labels) - 1):
        texts = [text for text in find(f"_dmarc.{'.'.join(labels[number:])}") if text.lower().startswith("v=dmarc1")]  # type: ignore[operator]
        if texts:
            return texts
    return []


def _people(audience: Audience) -> Iterator[Finding]:
    if not audience.included:
        yield Finding(Grade.STOP, _("Nobody would get the letter: look at the reasons below."), "plan")
    if audience.total and audience.unconsented > MOST_WITHOUT * audience.total:
        words = ngettext(
            "%(count)s person of the segments has not agreed to offers by e-mail, more than half: choose other segments.",
            "%(count)s people of the segments have not agreed to offers by e-mail, more than half: choose other segments.",
            audience.unconsented,
        )
        yield Finding(Grade.STOP, words % {"count": audience.unconsented}, "plan")
