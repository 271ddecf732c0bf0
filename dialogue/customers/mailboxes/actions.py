"""Verbs over mailboxes: set one, test it, read it now, let go of it; read again what was kept aside."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.mailboxes.effects import StillFlying, take
from dialogue.customers.mailboxes.hearing import read_job
from dialogue.customers.mailboxes.imap import MailboxTrouble, opened
from dialogue.customers.mailboxes.models import Incoming, Kind, Mailbox
from dialogue.customers.mailboxes.permissions import MailboxPermission
from dialogue.customers.mailboxes.reading import Unreadable, hear
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput, Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.secret import seal
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.mail.actions import HOST, PORTS
from dialogue.platform.mail.transport import Security
from dialogue.platform.tenants.models import Tenant

READ_JOB = "mailboxes.read"
FIELDS = ["host", "port", "security", "user", "folder", "is_on", "responsible_id"]
MOST_DAYS = 365
# Another server, user or folder has other numbers: reading begins anew, known messages are known by their content.
PLACES = ("host", "user", "folder")

job_kinds.add(READ_JOB, JobKind(run=read_job))


@frozen
class MailboxDraft:
    """How a mailbox is reached; a password of None keeps the one that is known. `days` of earlier messages are read too."""

    host: str
    user: str
    port: int = 993
    security: str = Security.TLS
    password: str | None = None
    folder: str = "INBOX"
    is_on: bool = True
    responsible: int | None = None
    days: int = 0


def _refuse_wrong(draft: MailboxDraft, mailbox: Mailbox | None) -> None:
    errors: dict[str, str] = {}
    if not HOST.match(draft.host.strip()):
        errors["host"] = _("Give the server's name, for example imap.example.org.")
    if draft.port not in PORTS:
        errors["port"] = _("Give the server's port, usually 993 or 143.")
    if draft.security not in list(Security):
        errors["security"] = _("Choose how the connection is protected.")
    for field, value in (("user", draft.user), ("folder", draft.folder)):
        if not value.strip() or len(value) > 200 or not value.isprintable():
            errors[field] = _("Fill this in.")
    if mailbox is None and not draft.password:
        errors["password"] = _("Give the password of the mailbox.")
    if draft.responsible is not None and not Membership.objects.filter(user_id=draft.responsible, is_active=True).exists():
        errors["responsible"] = _("Choose a member of the company.")
    if not 0 <= draft.days <= MOST_DAYS:
        errors["days"] = _("Give the days from 0 to 365.")
    if errors:
        raise InvalidInput(errors)


@action(permission=MailboxPermission.WRITE)
def save_mailbox(draft: MailboxDraft, *, by: Actor, mailbox: Mailbox | None = None) -> Mailbox:
    """Keep how a mailbox is reached and return it; it is read from the next minute on.

    Raises:
        InvalidInput: names every wrong field.
        Conflict: this mailbox is in the list already.
        Refusal: this is the demonstration company, which reads nothing outside.
    """
    if Tenant.objects.get(pk=by.tenant).is_demo:
        raise Refusal(_("The demonstration company reads no mailbox. To connect yours open a company of your own."))
    row = Mailbox.objects.select_for_update().get(pk=mailbox.pk) if mailbox is not None else None
    _refuse_wrong(draft, row)
    host, user, folder = draft.host.strip().lower(), draft.user.strip(), draft.folder.strip()
    same = Mailbox.objects.filter(host=host, user=user, folder=folder)
    if (same.exclude(pk=row.pk) if row else same).exists():
        raise Conflict(_("To add another mailbox give another user or folder: this one is in the list."), field="user")
    before = snapshot(row, FIELDS) if row else {}
    if row is None:
        today = Tenant.objects.get(pk=by.tenant).today()
        row = Mailbox(read_since=today - timedelta(days=draft.days))
    elif any(getattr(row, name) != value for name, value in zip(PLACES, (host, user, folder), strict=True)):
        row.uid_validity = row.last_uid = 0
    row.host, row.user, row.folder, row.port, row.security = host, user, folder, draft.port, draft.security
    row.is_on, row.responsible_id = draft.is_on, draft.responsible
    row.failures, row.trouble, row.next_at = 0, "", timezone.now()
    if draft.password is not None:
        row.password_sealed = seal(draft.password, settings.SEAL_KEY) if draft.password else ""
    row.save()
    record(by, "mailbox.set", row, changes=difference(before, snapshot(row, FIELDS)), password=draft.password is not None)
    return row


@action(permission=MailboxPermission.WRITE)
def remove_mailbox(mailbox: Mailbox, *, by: Actor) -> None:
    """Let go of a mailbox; what came through it stays."""
    row = Mailbox.objects.select_for_update().filter(pk=mailbox.pk).first()
    if row is not None:
        record(by, "mailbox.removed", row)
        row.delete()


@action(permission=MailboxPermission.WRITE)
def test_mailbox(mailbox: Mailbox, *, by: Actor) -> int:
    """Open the mailbox now, change nothing in it, and return how many messages its folder holds.

    Raises:
        Refusal: with what to do, where it cannot be opened.
    """
    try:
        with opened(mailbox.address()) as folder:
            count = folder.count
    except (MailboxTrouble, ValueError) as error:
        raise Refusal(str(error), field="host", code="mailbox-trouble") from error
    Mailbox.objects.filter(pk=mailbox.pk).update(trouble="", failures=0, next_at=timezone.now())
    return count


@action(permission=MailboxPermission.WRITE)
def read_mailbox_now(mailbox: Mailbox, *, by: Actor) -> Job:
    """Read the mailbox as a visible job and return the job."""
    return start_job(READ_JOB, title=_("Reading %(name)s") % {"name": mailbox}, by=by, arguments={"mailbox": mailbox.pk})


@action(permission=MailboxPermission.READ)
def take_again(incoming: Incoming, *, by: Actor) -> Incoming:
    """Read once more a message that was kept aside (after a newer version, say) and return its row.

    Raises:
        Refusal: it still cannot be read, was read already, or its letter is with the server this moment.
    """
    row = Incoming.objects.select_for_update(of=("self",)).get(pk=incoming.pk)
    if row.kind != Kind.ASIDE or row.mailbox is None:
        raise Conflict(_("Only a message that was kept aside can be read again."))
    company = Tenant.objects.get(pk=row.tenant_id)
    try:
        heard = hear(bytes(row.data or b""))
    except Unreadable as error:
        raise Refusal(_("This message still cannot be read: %(why)s") % {"why": error}) from error
    try:
        taken = take(heard, row.mailbox, company, by=by)
    except StillFlying as error:
        raise Conflict(
            _("To read this message again wait a minute: the letter it is about is being handed to the server now.")
        ) from error
    taken.pk, taken.uid, taken.digest = row.pk, row.uid, row.digest
    taken.save()
    return taken
