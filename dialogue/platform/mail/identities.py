"""Verbs over the addresses a company's letters come from."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput, Refusal
from dialogue.kit.secret import seal
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.mail.addresses import parse_email
from dialogue.platform.mail.dkim import make_key, matches
from dialogue.platform.mail.dns import DnsSilent, FindTxt, txt_lookup
from dialogue.platform.mail.headers import refuse_control
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.permissions import MailPermission

FIELDS = ["email", "name", "reply_to", "return_path", "is_default"]


def _cleaned(values: dict[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    cleaned: dict[str, str] = {}
    for field, value in values.items():
        try:
            if field == "name":
                cleaned[field] = refuse_control(value, field)[:120]
            else:
                cleaned[field] = parse_email(value) if value.strip() or field == "email" else ""
        except Refusal as error:
            errors[field] = error.message
    if errors:
        raise InvalidInput(errors)
    return cleaned


@action(permission=MailPermission.IDENTITY)
def add_sender_identity(*, email: str, by: Actor, name: str = "", reply_to: str = "", return_path: str = "") -> SenderIdentity:
    """Add an address letters may come from, with a fresh signing key, and return it; the first one becomes the default.

    Raises:
        InvalidInput: names every wrong address.
        Conflict: the address is there already.
    """
    cleaned = _cleaned({"email": email, "name": name, "reply_to": reply_to, "return_path": return_path})
    known = SenderIdentity.objects.in_use()
    if known.filter(email__iexact=cleaned["email"]).exists():
        raise Conflict(_("To add another sender give another address: this one is in the list."), field="email")
    identity: SenderIdentity = SenderIdentity.objects.create(
        **cleaned,
        selector=f"d{timezone.now():%Y%m}",
        key_sealed=seal(make_key(), settings.SEAL_KEY),
        is_default=not known.exists(),
    )
    record(by, "mail.identity_added", identity, changes=difference({}, snapshot(identity, FIELDS)))
    return identity


@action(permission=MailPermission.IDENTITY)
def change_sender_identity(identity: SenderIdentity, *, by: Actor, **values: str) -> SenderIdentity:
    """Change the name, the answer address or the return address and return the identity.

    Raises:
        InvalidInput: names every wrong address.
    """
    row = _locked(identity)
    before = snapshot(row, FIELDS)
    cleaned = _cleaned({field: value for field, value in values.items() if field in {"name", "reply_to", "return_path"}})
    for field, value in cleaned.items():
        setattr(row, field, value)
    row.save()
    record(by, "mail.identity_changed", row, changes=difference(before, snapshot(row, FIELDS)))
    return row


@action(permission=MailPermission.IDENTITY)
def use_sender_identity_first(identity: SenderIdentity, *, by: Actor) -> SenderIdentity:
    """Make the identity the one letters come from unless another is chosen; return it."""
    row = _locked(identity)
    SenderIdentity.objects.filter(is_default=True).exclude(pk=row.pk).update(is_default=False)
    row.is_default = True
    row.save()
    record(by, "mail.identity_changed", row, changes={"is_default": [False, True]})
    return row


@action(permission=MailPermission.IDENTITY)
def check_sender_identity(identity: SenderIdentity, *, by: Actor, find_txt: FindTxt | None = None) -> SenderIdentity:
    """Ask DNS for the identity's public key, mark the identity verified or not, and return it."""
    row = _locked(identity)
    row.checked_at = timezone.now()
    try:
        found = (find_txt or txt_lookup())(row.record_name)
    except DnsSilent:
        # Silence says nothing about the record: what was known stays.
        row.check_note = _("The name server did not answer. Check again in a few minutes.")
    else:
        row.check_note = _verdict(row, found)
        row.verified_at = None if row.check_note else row.checked_at
    row.save()
    record(by, "mail.identity_checked", row, verified=row.verified_at is not None)
    return row


def _verdict(row: SenderIdentity, found: list[str]) -> str:
    if any(matches(text, row.record_text) for text in found):
        return ""
    if found:
        return _("The domain holds another key under this name. Replace the record by the one shown here.")
    return _("The domain has no such record yet. Publish it and check again; a new record may take hours to be seen.")


@action(permission=MailPermission.IDENTITY)
def remove_sender_identity(identity: SenderIdentity, *, by: Actor) -> SenderIdentity:
    """Take the identity out of use and return it; what was sent from it stays."""
    row = _locked(identity)
    row.archived_at, row.is_default = timezone.now(), False
    row.save()
    heir = SenderIdentity.objects.in_use().first()
    if heir is not None and not heir.is_default:
        SenderIdentity.objects.filter(pk=heir.pk).update(is_default=True)
    record(by, "mail.identity_removed", row)
    return row


def _locked(identity: SenderIdentity) -> SenderIdentity:
    return SenderIdentity.objects.select_for_update().get(pk=identity.pk)
