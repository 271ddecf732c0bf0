"""From a delivery to the bytes that go: places, links of the second origin, the way to unsubscribe, the signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from dialogue.customers.channels.blocks import Block, blocks_html, blocks_plain
from dialogue.customers.channels.models import Delivery
from dialogue.customers.channels.texts import Follow, html_body, plain_text
from dialogue.customers.channels.tokens import Token, TokenKind, address_of, marked_address
from dialogue.customers.parties.models import Party
from dialogue.platform.accounts.models import User
from dialogue.platform.mail.addresses import Address, parse_email
from dialogue.platform.mail.dkim import sign
from dialogue.platform.mail.letters import Letter, assemble
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import setting_of


def places_of(party: Party, *, company: Tenant, sender: str) -> dict[str, str]:
    """Return what the places of a letter to this customer hold."""
    firm = party.company.name if party.company_id and party.company else ("" if party.is_person else party.name)
    return {
        "name": party.name,
        "first_name": party.first_name,
        "last_name": party.last_name,
        "middle_name": party.middle_name,
        "company": firm,
        "city": party.city,
        "sender": sender,
        "our_company": company.name,
    }


def follower(delivery: Delivery, company: Tenant) -> Follow:
    """Return the function that leads a link through the second origin, where the company follows links."""
    if not setting_of(company, "mail_follow_links"):
        return lambda url: url
    return lambda url: address_of(Token(TokenKind.LINK, delivery.tenant_id, delivery.pk, url))


def unsubscribe_address(delivery: Delivery) -> str:
    """Return the page where the receiver of this delivery ends such letters (RFC 8058)."""
    return address_of(Token(TokenKind.UNSUBSCRIBE, delivery.tenant_id, delivery.pk))


def hidden_address(delivery: Delivery, company: Tenant) -> str:
    """Return the link no person sees, where the company follows links: who follows it walks all links of the letter."""
    if not setting_of(company, "mail_follow_links"):
        return ""
    return address_of(Token(TokenKind.HIDDEN, delivery.tenant_id, delivery.pk))


def envelope_sender(delivery: Delivery, company: Tenant) -> str:
    """Return where an undelivered letter comes back: the sender's return address, marked where the company wishes (VERP)."""
    if delivery.sender is None:
        return ""
    address = delivery.sender.envelope_from
    return marked_address(address, delivery.tenant_id, delivery.pk) if setting_of(company, "mail_mark_returns") else address


def letter_texts(
    text: str,
    *,
    company: Tenant,
    language: str,
    follow: Follow,
    unsubscribe: str,
    picture: str = "",
    hidden: str = "",
    blocks: Sequence[Block] = (),
) -> tuple[str, str]:
    """Return the letter, of text or of blocks, as plain text and as HTML, each with its closing lines."""
    context = {
        "company": company,
        "address": setting_of(company, "mail_postal_address"),
        "unsubscribe": unsubscribe,
        "picture": picture,
        "hidden": hidden,
        "language": language,
    }
    with translation.override(language):
        said = blocks_plain(blocks, follow) if blocks else plain_text(text.strip(), follow)
        plain = said + "\n\n" + render_to_string("channels/letter.txt", context)
        body = blocks_html(blocks, follow) if blocks else html_body(text, follow)
        frame = "channels/letter_blocks.html" if blocks else "channels/letter.html"
        html = render_to_string(frame, context | {"body": body})
    return plain, html


def letter_of(delivery: Delivery, company: Tenant, party: Party) -> Letter:
    """Return the letter of a delivery.

    Raises:
        ValueError: the delivery lost its message or sender.
    """
    if delivery.message is None or delivery.sender is None:
        message = "This delivery has no message or sender."
        raise ValueError(message)
    language = party.language if party.language in dict(settings.LANGUAGES) else company.language
    picture = ""
    if setting_of(company, "mail_follow_opens"):
        picture = address_of(Token(TokenKind.OPEN, delivery.tenant_id, delivery.pk))
    leave = unsubscribe_address(delivery)
    follow = follower(delivery, company)
    plain, html = letter_texts(
        delivery.message.text,
        company=company,
        language=language,
        follow=follow,
        unsubscribe=leave,
        picture=picture,
        hidden=hidden_address(delivery, company),
    )
    identity = delivery.sender
    return Letter(
        sender=Address(identity.email, identity.name),
        to=Address(parse_email(delivery.address), party.name),
        subject=delivery.message.subject,
        text=plain,
        html=html,
        message_id=delivery.letter_id,
        reply_to=Address(identity.reply_to) if identity.reply_to else None,
        unsubscribe=leave,
        language=language,
    )


def signed_letter(delivery: Delivery, company: Tenant, party: Party) -> bytes:
    """Return the bytes of a delivery's letter, signed for its sender's domain."""
    letter = letter_of(delivery, company, party)
    identity = delivery.sender
    return sign(assemble(letter), identity.signer()) if identity else assemble(letter)


def sender_name(user: int | None) -> str:
    """Return the name of the member who writes."""
    found = User.objects.filter(pk=user).first() if user else None
    return str(found) if found else ""


Compose = Callable[[Delivery, Tenant, Party], bytes]
__all__ = ["Compose", "SenderIdentity", "letter_of", "letter_texts", "places_of", "sender_name", "signed_letter"]
