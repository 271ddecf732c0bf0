"""Pure rules of names and contact points."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import ContactKind
from dialogue.kit.errors import Refusal

# Letters that people put between several numbers or addresses in one cell; what follows an extension mark is its number.
FEWEST_DIGITS, MOST_DIGITS = 3, 15
LONGEST_EMAIL = 320
SURNAME_FIRST = {"ru", "uk"}
HANDLE = re.compile(r"^[a-z0-9_.]{3,64}$")


def one_line(text: str) -> str:
    """Return the text without outer and doubled spaces."""
    return " ".join(str(text).split())


def person_name(last: str, first: str, middle: str, language: str) -> str:
    """Return a display name from its parts: "Фамилия Имя Отчество" in Russian and Ukrainian, "First Middle Last" elsewhere."""
    parts = (last, first, middle) if language in SURNAME_FIRST else (first, middle, last)
    return " ".join(part for part in parts if part)


def normal_contact(kind: str, value: str, country: str) -> str:
    """Return the form under which a contact point is found.

    Telephone numbers become E.164 (ITU-T) read in the company's country, with `;ext=` after RFC 3966; an e-mail address
    is in lower case with its domain in IDNA 2008 (RFC 5891); a site is its host.

    Raises:
        Refusal: names what would be right.
    """
    return _NORMAL[kind](one_line(value), country)


@lru_cache(maxsize=4096)
def _phone(value: str, country: str) -> str:
    # Its tables of the world's numbers are loaded with the first number, not with the program.
    import phonenumbers

    try:
        number = phonenumbers.parse(value, country or None)
        if phonenumbers.is_possible_number(number):
            written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return f"{written};ext={number.extension}" if number.extension else str(written)
    except phonenumbers.NumberParseException:
        pass
    # A house number or an old record: kept as digits, without the plus of a world-wide number.
    digits = "".join(letter for letter in value if letter.isdecimal())
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        raise Refusal(_("Give a telephone number, for example +7 920 123-45-67."), field="value", code="wrong-phone")
    return digits


@lru_cache(maxsize=4096)
def domain_of(host: str) -> str:
    """Return a domain in its ASCII form.

    Raises:
        Refusal: it is no domain name.
    """
    try:
        written = idna.encode(host.strip().rstrip(".").lower(), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        written = ""
    if "." not in written:
        raise Refusal(_("“%(host)s” is no domain name.") % {"host": host}, field="value", code="wrong-domain")
    return written


@lru_cache(maxsize=4096)
def _mail_domain(host: str) -> str:
    domain = domain_of(host)
    validate_email(f"a@{domain}")
    return domain


@lru_cache(maxsize=1)
def _local_part() -> re.Pattern[str]:
    # Behind Django's lazy object, every use of the pattern costs as much as the match.
    return re.compile(validate_email.user_regex.pattern, validate_email.user_regex.flags)


def _email(value: str, _country: str) -> str:
    local, at, host = value.removeprefix("mailto:").strip("<> ").rpartition("@")
    try:
        if not at:
            raise ValidationError("")
        address = f"{local.lower()}@{_mail_domain(host)}"
        # Letters outside ASCII before the @ are right after RFC 6531; Django's check knows ASCII only.
        if local.isascii() and (len(address) > LONGEST_EMAIL or not _local_part().match(local.lower())):
            raise ValidationError("")
    except (ValidationError, Refusal):
        raise Refusal(_("Give an e-mail address, for example name@example.org."), field="value", code="wrong-email") from None
    return address


def _site(value: str, _country: str) -> str:
    try:
        host = urlsplit(value if "//" in value else f"//{value}").hostname or ""
    except ValueError:
        host = ""
    domain = domain_of(host)
    return re.sub(r"^(www\.)+(?=[^.]+\.)", "", domain)


def _telegram(value: str, country: str) -> str:
    name = re.sub(r"^(https?://)?(t\.me/|telegram\.me/|@)", "", value.lower()).strip("/")
    if name.startswith("+") or name.replace(" ", "").replace("-", "").isdecimal():
        return _phone(value, country)
    if not HANDLE.match(name):
        raise Refusal(_("Give a Telegram name such as @name, or a telephone number."), field="value", code="wrong-telegram")
    return name


def _other(value: str, _country: str) -> str:
    if not value:
        raise Refusal(_("Give the contact itself."), field="value")
    return value.lower()


_NORMAL: dict[str, Callable[[str, str], str]] = {
    ContactKind.EMAIL: _email,
    ContactKind.PHONE: _phone,
    ContactKind.TELEGRAM: _telegram,
    ContactKind.WHATSAPP: _phone,
    ContactKind.VIBER: _phone,
    ContactKind.SITE: _site,
    ContactKind.OTHER: _other,
}


@lru_cache(maxsize=20_000)
def printed_phone(normal: str) -> str:
    """Return a number in groups, with its country's code: "+373 692 66 299"; lists print forty of them, so it is kept."""
    bare, _mark, extension = normal.partition(";ext=")
    if not bare.startswith("+"):
        return bare
    import phonenumbers

    number = phonenumbers.parse(bare)
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return f"{shown}, {extension}" if extension else str(shown)
