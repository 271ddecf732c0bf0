"""Reading a mailbox: a batch of messages is taken in one transaction with the mark behind it; a kill repeats and loses nothing."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dialogue.customers.mailboxes.effects import StillFlying, take
from dialogue.customers.mailboxes.imap import MailboxTrouble, opened
from dialogue.customers.mailboxes.models import Incoming, Kind, Mailbox
from dialogue.customers.mailboxes.reading import Unreadable, digest_of, hear
from dialogue.kit.actors import system_actor
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.tenants.models import Tenant

log = logging.getLogger(__name__)
BATCH = 20
MOST_ASIDE = 256 * 1024
PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


def read_job(run: JobRun, mailbox: int) -> dict[str, Any]:
    """Read one mailbox because a person asked; return how many messages of which kind came."""
    return read_mailbox(mailbox)


def read_mailbox(pk: int) -> dict[str, int]:
    """Read what came to a mailbox of the open company and return `{kind: count}`; trouble is kept on the mailbox."""
    counts: dict[str, int] = {}
    with transaction.atomic():
        mailbox = Mailbox.objects.filter(pk=pk, is_on=True).first()
        if mailbox is None:
            return counts
        company = Tenant.objects.get(pk=mailbox.tenant_id)
    with translation.override(company.language):
        try:
            _read(mailbox, company, counts)
        except StillFlying:
            log.info("a letter is answered before the server has taken it: its batch is read again")
        except (MailboxTrouble, ValueError) as error:
            _note_trouble(mailbox, str(error))
    return counts


def _read(mailbox: Mailbox, company: Tenant, counts: dict[str, int]) -> None:
    with opened(mailbox.address()) as folder:
        # Other validity: the server numbers its messages anew, and only their content tells which are known.
        last = mailbox.last_uid if folder.uid_validity == mailbox.uid_validity else 0
        numbers = folder.after(last, mailbox.read_since)
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            messages = folder.fetch(batch)
            taken: Counter[str] = Counter()
            with transaction.atomic():
                if not _moved(mailbox, folder.uid_validity, batch[-1]):
                    return
                for number in batch:
                    if number in messages:
                        taken[_take_one(number, messages[number], mailbox, company)] += 1
            counts.update({kind: counts.get(kind, 0) + number for kind, number in taken.items()})
        with transaction.atomic():
            _moved(mailbox, folder.uid_validity, numbers[-1] if numbers else last)


def _moved(mailbox: Mailbox, validity: int, last: int) -> bool:
    """Move the mark; False where another worker moved it meanwhile, or the mailbox is gone."""
    row = Mailbox.objects.select_for_update().filter(pk=mailbox.pk).first()
    if row is None or (row.uid_validity, row.last_uid) != (mailbox.uid_validity, mailbox.last_uid):
        return False
    now = timezone.now()
    row.uid_validity, row.last_uid, row.read_at, row.next_at = validity, last, now, now + PAUSE
    row.failures, row.trouble = 0, ""
    row.save(update_fields=["uid_validity", "last_uid", "read_at", "next_at", "failures", "trouble"])
    mailbox.uid_validity, mailbox.last_uid = validity, last
    return True


def _take_one(number: int, data: bytes, mailbox: Mailbox, company: Tenant) -> str:
    """Take one message whatever it is; what breaks its reader is kept aside with the reason."""
    digest = digest_of(data)
    if Incoming.objects.filter(digest=digest).exists():
        return "known"
    by = system_actor(company.pk, _("Mailbox"))
    try:
        with transaction.atomic():
            row = take(hear(data), mailbox, company, by=by)
            row.uid = number
            row.save()
    except (OperationalError, InterfaceError, StillFlying):
        raise
    except Unreadable as error:
        row = _aside(number, data, digest, mailbox, str(error))
    except Exception as error:
        log.exception("a message could not be taken")
        row = _aside(number, data, digest, mailbox, f"{type(error).__name__}: {error}")
    return str(row.kind)


def _aside(number: int, data: bytes, digest: str, mailbox: Mailbox, why: str) -> Incoming:
    row: Incoming = Incoming.objects.create(
        mailbox=mailbox, uid=number, digest=digest, kind=Kind.ASIDE, note=why[:300].replace("\0", ""), data=data[:MOST_ASIDE]
    )
    return row


def _note_trouble(mailbox: Mailbox, words: str) -> None:
    with transaction.atomic():
        row = Mailbox.objects.select_for_update().filter(pk=mailbox.pk).first()
        if row is None:
            return
        row.failures = min(row.failures + 1, 100)
        row.trouble = words[:300]
        # A server that does not answer is asked less and less often, at last once an hour.
        row.next_at = timezone.now() + min(PAUSE * 2 ** min(row.failures, 10), LONGEST_PAUSE)
        row.save(update_fields=["failures", "trouble", "next_at"])
