"""Letters of a mailing: what they share is compiled once per text and language, a letter is then a few joined pieces.

The text is turned into plain text and HTML with marks where places, links and addresses of ours stand; the parts between the
marks are encoded for the wire there and then (quoted-printable or, for alphabets beyond Latin, base64 of the whole).
"""

from __future__ import annotations

import re
import time
from binascii import b2a_base64, b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote

from dialogue.customers.channels.blocks import marked_blocks
from dialogue.customers.channels.compose import letter_texts
from dialogue.customers.channels.makers import Draft
from dialogue.customers.channels.models import Delivery
from dialogue.customers.channels.pieces import (
    Choice,
    Pieces,
    Place,
    Token,
    When,
    chosen,
    filled_with,
    tokens_of,
    tree_of,
    value_of,
)
from dialogue.customers.channels.tokens import TokenKind, address_writer, marked_address
from dialogue.kit.frozen import frozen
from dialogue.platform.mail.addresses import Address as Mailbox
from dialogue.platform.mail.addresses import parse_email
from dialogue.platform.mail.dkim import Seal, Signer
from dialogue.platform.mail.headers import mailbox, refuse_control, unstructured
from dialogue.platform.mail.letters import ONE_CLICK
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of

# Characters of the private use area: nobody writes them, and they pass markup and escapes unchanged.
MARKS = re.compile("[\ue000-\ue00f]")
SPOT = re.compile("\ue000(\\d+)\ue001|\ue002(\\d+)\ue003|(\ue004)|(\ue005)|(\ue006)")
ATOMS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
LEAVE, PICTURE, HIDDEN = "\ue004", "\ue005", "\ue006"
SOFT = b"=\r\n"
# What stays itself in quoted-printable, and cannot begin a line that means something else.
PLAIN = re.compile(r"[A-EG-Za-z0-9<][A-Za-z0-9 ,:;<>/?&!\"'()+_-]*[A-Za-z0-9,:;<>/?&!\"'()+_-]")
GAPS = re.compile(r"[ \t]{2,}|\t")
ENDS = re.compile(r"[ \t]+$", re.MULTILINE)
FROM_LINE = re.compile(rb"(?m)^From ")
EMPTY_PARAGRAPH = re.compile("<p>((?:\ue000\\d+\ue001)+)</p>")
# What needs neither an escape nor an encoding.
ADDRESS = re.compile(r"https?://[A-Za-z0-9.:/_-]+")
LINE = 72
CHANGING = ("to", "subject", "date", "message-id", "list-unsubscribe")
OURS = {LEAVE: TokenKind.UNSUBSCRIBE, PICTURE: TokenKind.OPEN, HIDDEN: TokenKind.HIDDEN}
LEAVING = Place(LEAVE, "")
BOUNDARY = "=_Dialogue_part_of_this_letter"


@frozen
class Link:
    """An address the letter leads to, itself with places."""

    pieces: Pieces


@frozen
class Branches:
    """A choice whose parts are encoded."""

    parts: tuple[tuple[When | None, tuple[Ready, ...]], ...]


@frozen
class Own:
    """The place of an address of ours."""

    name: str


# What a half of a letter is joined of: bytes as they go, a place of the card's or of ours, a choice.
Ready = bytes | Place | Own | Branches


def _is_own(place: Place) -> bool:
    return place.name in OURS or place.name.isdecimal()


class Facts:
    """What differs from one letter to the next: the card's values and the addresses of ours, made when first asked for."""

    __slots__ = ("_cut", "_said", "delivery", "press", "tenant", "values")

    def __init__(self, press: Press, values: Mapping[str, str], tenant: int, delivery: int) -> None:
        self.press, self.values, self.tenant, self.delivery = press, values, tenant, delivery
        self._said: dict[str, str] = {}
        self._cut: dict[str, bytes] = {}

    def word(self, place: Place) -> str:
        """Return what stands in a place.

        Raises:
            Refusal: the card has nothing for it.
        """
        return self.address(place.name) if _is_own(place) else self.value(place)

    def value(self, place: Place) -> str:
        """Return what the card has for a place.

        Raises:
            Refusal: it has nothing.
        """
        word = value_of(place, self.values)
        return GAPS.sub(" ", word) if "  " in word or "\t" in word else word

    def address(self, name: str) -> str:
        """Return an address of ours."""
        known = self._said.get(name)
        if known is None:
            known = self._said[name] = self._address(name, OURS.get(name))
        return known

    def cut(self, name: str) -> bytes | None:
        """Return an address of ours as it goes over the wire, the same in both halves; None where it needs an encoding."""
        known = self._cut.get(name)
        if known is None:
            word = self.address(name)
            press = self.press
            # What stands behind our own origin is plain by its making.
            if (press.is_plain and (press.follows or name in OURS)) or ADDRESS.fullmatch(word):
                known = self._cut[name] = _cut(word)
        return known

    def _address(self, name: str, kind: TokenKind | None) -> str:
        press = self.press
        if kind is not None:
            return press.address(kind, self.tenant, self.delivery, "")
        url = filled_with(press.links[int(name)].pieces, self.values, change=_in_address)
        return press.address(TokenKind.LINK, self.tenant, self.delivery, url) if press.follows else url


class Part:
    """The plain or the HTML half of a letter, ready to be filled and encoded."""

    def __init__(self, text: str, tokens: list[Token], *, html: bool) -> None:
        # Runs of spaces mean nothing in a letter; without them the body is its own canonical form for the signature.
        text = ENDS.sub("", GAPS.sub(" ", text))
        self.html = html
        self.wide = sum(1 for letter in text if letter > "~") * 8 > len(text)
        self.pieces = tree_of(_marked(EMPTY_PARAGRAPH.sub(r"\1", text) if html else text, tokens))
        self.encoding = "base64" if self.wide else "quoted-printable"
        self.ready = () if self.wide else _ready(self.pieces)
        self.encoded = _in_html if html else quoted

    def body(self, facts: Facts) -> bytes:
        """Return the half as it goes over the wire."""
        if self.wide:
            said: list[str] = []
            self._say(self.pieces, facts, said)
            raw = b2a_base64("".join(said).encode("utf-8", "replace"), newline=False)
            return b"\r\n".join([raw[at : at + 76] for at in range(0, len(raw), 76)]) + b"\r\n"
        joined: list[bytes] = []
        self._join(self.ready, facts, joined)
        joined.append(b"\r\n")
        return b"".join(joined)

    def _say(self, pieces: Pieces, facts: Facts, said: list[str]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                said.append(piece)
            elif isinstance(piece, Choice):
                self._say(chosen(piece, facts.values), facts, said)
            else:
                word = facts.word(piece)
                said.append(escape(word) if self.html else word)

    def _join(self, ready: tuple[Ready, ...], facts: Facts, joined: list[bytes]) -> None:
        for one in ready:
            # By its very class: the question is asked eighty times a letter.
            if type(one) is bytes:
                joined.append(one)
            elif type(one) is Place:
                joined.append(self.encoded(facts.value(one)))
            elif type(one) is Own:
                joined.append(facts.cut(one.name) or self.encoded(facts.address(one.name)))
            elif type(one) is Branches:
                taken = next((inside for when, inside in one.parts if when is None or when.holds(facts.values)), ())
                self._join(taken, facts, joined)


def _ready(pieces: Pieces) -> tuple[Ready, ...]:
    """Return pieces with their fixed text encoded; what fills a place, or is chosen, stands on lines of its own.

    So two spaces never meet, and the body is its own canonical form.
    """
    found: list[Ready] = []
    for piece in pieces:
        parts: tuple[Ready, ...] = (quoted(piece),) if isinstance(piece, str) else ()
        if isinstance(piece, Choice):
            parts = (SOFT, Branches(tuple((when, _ready(inside)) for when, inside in piece.branches)), SOFT)
        elif isinstance(piece, Place):
            parts = (SOFT, Own(piece.name) if _is_own(piece) else piece, SOFT)
        for one in parts:
            if isinstance(one, bytes) and found and isinstance(found[-1], bytes):
                found[-1] += one
            else:
                found.append(one)
    return tuple(found)


@lru_cache(maxsize=10_000)
def _wire_domain(domain: str) -> str:
    """Return a domain as it goes over the wire, in A-labels.

    Raises:
        Refusal: it is none.
    """
    return parse_email(f"x@{domain}").rpartition("@")[2]


def envelope_to(row: Delivery) -> str:
    """Return the receiver's address as the envelope carries it.

    The local part goes as it was given: only its owner knows whether case matters (RFC 5321, 2.4).
    """
    local, _at, domain = row.address.rpartition("@")
    return f"{local}@{_wire_domain(domain)}"


@lru_cache(maxsize=4)
def _date(second: int) -> bytes:
    return b"Date: " + format_datetime(datetime.fromtimestamp(second, UTC)).encode()


def _checked(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    return f"{local}@{_wire_domain(domain)}" if len(local) <= 64 and ATOMS.fullmatch(local) else parse_email(address)


def _in_address(value: str) -> str:
    return quote(value, safe="")


def _cut(address: str) -> bytes:
    raw = address.encode()
    return SOFT.join([raw[at : at + LINE] for at in range(0, len(raw), LINE)])


@lru_cache(maxsize=10_000)
def _in_html(text: str) -> bytes:
    return quoted(escape(text))


@lru_cache(maxsize=10_000)
def quoted(text: str) -> bytes:
    """Return a text as quoted-printable from a line's start on (RFC 2045, 6.7)."""
    if len(text) < 70 and PLAIN.fullmatch(text):
        return text.encode()
    raw = b2a_qp(text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace"), istext=True)
    return FROM_LINE.sub(b"=46rom ", raw) if b"From " in raw else raw


def _marked(text: str, tokens: list[Token]) -> list[Token]:
    """Return the text cut at its marks again; links and addresses of ours become places with names no card has."""
    found: list[Token] = []
    at = 0
    for spot in SPOT.finditer(text):
        if spot.start() > at:
            found.append(text[at : spot.start()])
        if spot[1] is not None:
            found.append(tokens[int(spot[1])])
        else:
            found.append(Place(spot[2] or spot[3] or spot[4] or spot[5], ""))
        at = spot.end()
    if text[at:]:
        found.append(text[at:])
    return found


def _with_marks(text: str, tokens: list[Token]) -> str:
    """Return the text with a mark for each place and condition, which are added to the tokens.

    Raises:
        Refusal: the text is not of the language of letters.
    """
    found = tokens_of(MARKS.sub("", text.replace("\r\n", "\n")))
    tree_of(found)
    marked = "".join(
        token if isinstance(token, str) else f"\ue000{at}\ue001" for at, token in enumerate(found, start=len(tokens))
    )
    tokens += found
    return marked


def _brackets(condition: str, tokens: list[Token]) -> tuple[str, str]:
    """Return the marks that open and close a condition."""
    opened, _at, closed = _with_marks(condition + " {% endif %}", tokens).partition(" ")
    return opened, closed


class Press:
    """One text in one language for one company and sender: gives the signed bytes of letter after letter."""

    def __init__(self, draft: Draft, company: Tenant, identity: SenderIdentity, signer: Signer) -> None:
        self.company, self.identity, self.signer = company, identity, signer
        self.language = draft.language or company.language
        self.follows = bool(setting_of(company, "mail_follow_links"))
        self.marks = bool(setting_of(company, "mail_mark_returns"))
        self.pictures = bool(setting_of(company, "mail_follow_opens"))
        self.address = address_writer()
        self.is_plain = ADDRESS.fullmatch(self.address(TokenKind.UNSUBSCRIBE, 0, 0, "")) is not None
        tokens: list[Token] = []
        self.links: list[Link] = []
        self._places: dict[str, int] = {}
        plain, html = letter_texts(
            _with_marks(draft.text, tokens),
            company=company,
            language=self.language,
            follow=lambda url: self._link(url, tokens),
            unsubscribe=LEAVE,
            picture=PICTURE if self.pictures else "",
            hidden=HIDDEN if self.follows else "",
            blocks=marked_blocks(draft.blocks, lambda text: _with_marks(text, tokens), lambda when: _brackets(when, tokens)),
        )
        self.plain = Part(plain, tokens, html=False)
        self.html = Part(html, tokens, html=True)
        subject = tokens_of(MARKS.sub("", draft.subject), field="subject")
        self.subject = tree_of(subject, field="subject")
        same = all(isinstance(one, str) for one in subject)
        self.same_subject = unstructured("Subject", draft.subject).encode() if same else b""
        self._heads(draft)

    def _link(self, url: str, tokens: list[Token]) -> str:
        # The same link stands in both halves: it is signed once.
        at = self._places.setdefault(url, len(self.links))
        if at == len(self.links):
            self.links.append(Link(tree_of(_marked(url, tokens))))
        return f"\ue002{at}\ue003"

    def _heads(self, draft: Draft) -> None:
        identity = self.identity
        self.sender = mailbox("From", Mailbox(identity.email, identity.name)).encode()
        fixed = [b"MIME-Version: 1.0"]
        if identity.reply_to:
            fixed.append(mailbox("Reply-To", Mailbox(identity.reply_to)).encode())
        fixed.append(f"List-Unsubscribe-Post: {ONE_CLICK}".encode())
        fixed.append(f"Content-Language: {refuse_control(self.language, 'Content-Language')}".encode())
        fixed.append(f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"'.encode())
        self.heads = b"\r\n".join(fixed)
        self.seal = Seal(self.signer, CHANGING, [self.sender, *fixed])
        mark = f"--{BOUNDARY}\r\n"
        kind = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n"
        self.before_plain = (mark + kind.format("plain", self.plain.encoding)).encode()
        self.before_html = ("\r\n" + mark + kind.format("html", self.html.encoding)).encode()
        self.after = f"\r\n--{BOUNDARY}--\r\n".encode()

    def envelope_from(self, row: Delivery) -> str:
        """Return where the letter comes back undelivered, marked where the company wishes (VERP)."""
        address = self.identity.envelope_from
        return marked_address(address, row.tenant_id, row.id) if self.marks else address

    def letter(self, draft: Draft, *, delivery: int, tenant: int, address: str, letter_id: str) -> Unsigned:
        """Return the letter of one delivery, ready to be signed.

        Raises:
            Refusal: a place is empty, or a name or subject would break a header.
            ValueError: the address is none.
        """
        facts = Facts(self, draft.values, tenant, delivery)
        subject = (
            self.same_subject or unstructured("Subject", filled_with(self.subject, draft.values, field="subject")).encode()
        )
        moment = int(time.time())
        changing = [
            mailbox("To", Mailbox(_checked(address), draft.name)).encode(),
            subject,
            _date(moment),
            b"Message-ID: <%b>" % letter_id.encode(),
            b"List-Unsubscribe: <%b>" % facts.word(LEAVING).encode(),
        ]
        body = b"".join((self.before_plain, self.plain.body(facts), self.before_html, self.html.body(facts), self.after))
        return Unsigned(self, changing, body, moment)


@dataclass(slots=True)
class Unsigned:
    """A letter that lacks its signature only."""

    press: Press
    changing: list[bytes]
    body: bytes
    moment: int

    def sign(self) -> bytes:
        """Return the letter's bytes; may run in another thread."""
        press = self.press
        heads = b"\r\n".join((press.sender, *self.changing, press.heads))
        return press.seal.sign(self.changing, heads, self.body, self.moment)
