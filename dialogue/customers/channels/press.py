"""Letters of a mailing: what they share is compiled once per text and language, a letter is then a few joined pieces.

The text is turned into plain text and HTML with marks where places, links and addresses of ours stand; the parts between the
marks are encoded for the wire there and then (quoted-printable or, for alphabets beyond Latin, base64 of the whole).
"""

from __future__ import annotations

import re
import time
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote

from dialogue.customers.channels.compose import letter_texts
from dialogue.customers.channels.makers import Draft
from dialogue.customers.channels.models import Delivery
from dialogue.customers.channels.pieces import (
    Choice,
    Pieces,
    Place,
    Token,
    chosen,
    filled_with,
    tokens_of,
    tree_of,
    value_of,
)
from dialogue.customers.channels.tokens import Token as Address
from dialogue.customers.channels.tokens import TokenKind, address_of, marked_address
from dialogue.platform.mail.addresses import Address as Mailbox
from dialogue.platform.mail.addresses import parse_email
from dialogue.platform.mail.dkim import Signer, UnsignedLetter
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
BOUNDARY = "=_Dialogue_part_of_this_letter"


@dataclass(frozen=True, slots=True)
class Link:
    """An address the letter leads to, itself with places."""

    pieces: Pieces


@dataclass(slots=True)
class Facts:
    """What differs from one letter to the next."""

    values: Mapping[str, str]
    follow: Callable[[str], str]
    leave: str
    picture: str
    hidden: str


class Part:
    """The plain or the HTML half of a letter, ready to be filled and encoded."""

    def __init__(self, text: str, tokens: list[Token], links: list[Link], *, html: bool) -> None:
        # Runs of spaces mean nothing in a letter; without them the body is its own canonical form for the signature.
        text = ENDS.sub("", GAPS.sub(" ", text))
        self.html = html
        self.wide = sum(1 for letter in text if letter > "~") * 8 > len(text)
        self.pieces = tree_of(_marked(EMPTY_PARAGRAPH.sub(r"\1", text) if html else text, tokens))
        self.links = links
        self.encoding = "base64" if self.wide else "quoted-printable"
        self._raw: dict[str, bytes] = {}

    def body(self, facts: Facts) -> bytes:
        """Return the half as it goes over the wire."""
        said: list[str] = []
        if self.wide:
            self._say(self.pieces, facts, said)
            raw = b2a_base64("".join(said).encode("utf-8", "replace"), newline=False)
            return b"\r\n".join([raw[at : at + 76] for at in range(0, len(raw), 76)]) + b"\r\n"
        encoded: list[bytes] = []
        self._encode(self.pieces, facts, encoded)
        return b"".join(encoded) + b"\r\n"

    def _say(self, pieces: Pieces, facts: Facts, said: list[str]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                said.append(piece)
            elif isinstance(piece, Choice):
                self._say(chosen(piece, facts.values), facts, said)
            else:
                said.append(self._word(piece, facts))

    def _encode(self, pieces: Pieces, facts: Facts, encoded: list[bytes]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                raw = self._raw.get(piece)
                if raw is None:
                    raw = self._raw[piece] = quoted(piece)
                encoded.append(raw)
            elif isinstance(piece, Choice):
                self._encode(chosen(piece, facts.values), facts, encoded)
            else:
                encoded += [SOFT, quoted(self._word(piece, facts)), SOFT]

    def _word(self, piece: Place, facts: Facts) -> str:
        if piece.name == LEAVE:
            word = facts.leave
        elif piece.name == PICTURE:
            word = facts.picture
        elif piece.name == HIDDEN:
            word = facts.hidden
        elif piece.name.isdecimal():
            word = facts.follow(filled_with(self.links[int(piece.name)].pieces, facts.values, change=_in_address))
        else:
            word = value_of(piece, facts.values)
        return escape(word) if self.html else word


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


class Press:
    """One text in one language for one company and sender: gives the signed bytes of letter after letter."""

    def __init__(self, draft: Draft, company: Tenant, identity: SenderIdentity, signer: Signer) -> None:
        self.company, self.identity, self.signer = company, identity, signer
        self.language = draft.language or company.language
        self.follows = bool(setting_of(company, "mail_follow_links"))
        self.marks = bool(setting_of(company, "mail_mark_returns"))
        self.pictures = bool(setting_of(company, "mail_follow_opens"))
        tokens = tokens_of(MARKS.sub("", draft.text.replace("\r\n", "\n")))
        tree_of(tokens)
        self.links: list[Link] = []
        marked = "".join(token if isinstance(token, str) else f"\ue000{at}\ue001" for at, token in enumerate(tokens))
        plain, html = letter_texts(
            marked,
            company=company,
            language=self.language,
            follow=lambda url: self._link(url, tokens),
            unsubscribe=LEAVE,
            picture=PICTURE if self.pictures else "",
            hidden=HIDDEN if self.follows else "",
        )
        self.plain = Part(plain, tokens, self.links, html=False)
        self.html = Part(html, tokens, self.links, html=True)
        subject = tokens_of(MARKS.sub("", draft.subject), field="subject")
        self.subject = tree_of(subject, field="subject")
        self.same_subject = unstructured("Subject", draft.subject) if all(isinstance(one, str) for one in subject) else ""
        self._heads(draft)

    def _link(self, url: str, tokens: list[Token]) -> str:
        self.links.append(Link(tree_of(_marked(url, tokens))))
        return f"\ue002{len(self.links) - 1}\ue003"

    def _heads(self, draft: Draft) -> None:
        identity = self.identity
        self.sender = mailbox("From", Mailbox(identity.email, identity.name)).encode()
        self.fixed = [b"MIME-Version: 1.0"]
        if identity.reply_to:
            self.fixed.append(mailbox("Reply-To", Mailbox(identity.reply_to)).encode())
        self.fixed.append(f"List-Unsubscribe-Post: {ONE_CLICK}".encode())
        self.fixed.append(f"Content-Language: {refuse_control(self.language, 'Content-Language')}".encode())
        self.fixed.append(f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"'.encode())
        mark = f"--{BOUNDARY}\r\n"
        kind = "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n"
        self.before_plain = (mark + kind.format("plain", self.plain.encoding)).encode()
        self.before_html = ("\r\n" + mark + kind.format("html", self.html.encoding)).encode()
        self.after = f"\r\n--{BOUNDARY}--\r\n".encode()

    def envelope_from(self, row: Delivery) -> str:
        """Return where the letter comes back undelivered, marked where the company wishes (VERP)."""
        address = self.identity.envelope_from
        return marked_address(address, row.tenant_id, row.pk) if self.marks else address

    def letter(self, draft: Draft, *, delivery: int, tenant: int, address: str, letter_id: str) -> UnsignedLetter:
        """Return the letter of one delivery, ready to be signed.

        Raises:
            Refusal: a place is empty, or a name or subject would break a header.
            ValueError: the address is none.
        """
        leave = address_of(Address(TokenKind.UNSUBSCRIBE, tenant, delivery))
        picture = address_of(Address(TokenKind.OPEN, tenant, delivery)) if self.pictures else ""
        follow: Callable[[str], str] = str
        if self.follows:
            # The same link stands in both halves.
            follow = lru_cache(maxsize=None)(lambda url: address_of(Address(TokenKind.LINK, tenant, delivery, url)))
        hidden = address_of(Address(TokenKind.HIDDEN, tenant, delivery)) if self.follows else ""
        facts = Facts(draft.values, follow, leave, picture, hidden)
        subject = self.same_subject or unstructured("Subject", filled_with(self.subject, draft.values, field="subject"))
        heads = [
            self.sender,
            mailbox("To", Mailbox(_checked(address), draft.name)).encode(),
            subject.encode(),
            _date(int(time.time())),
            f"Message-ID: <{letter_id}>".encode(),
            f"List-Unsubscribe: <{leave}>".encode(),
            *self.fixed,
        ]
        body = b"".join((self.before_plain, self.plain.body(facts), self.before_html, self.html.body(facts), self.after))
        return UnsignedLetter(heads, body, self.signer)
