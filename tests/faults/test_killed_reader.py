"""kill -9 at random moments while a mailbox is read: every message becomes one answer, none is lost and none is told twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from dialogue.customers.mailboxes.tests.dovecot import PASSWORD, Dovecot, dovecot
from dialogue.customers.mailboxes.tests.letters import reply
from tests.machines import ROOT, clean_environment, dialogue

pytestmark = pytest.mark.slow
MESSAGES, KILLS, WRITERS = 240, 5, 6
BEGIN = """
import json
from dialogue.faces.command.main import start_django
start_django()
from django.conf import settings
from django.db import transaction
from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
from dialogue.customers.mailboxes.hearing import read_mailbox
from dialogue.customers.mailboxes.models import Incoming, Mailbox
from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.timeline.models import Entry
from dialogue.faces.command.companies import company_named
from dialogue.kit.actors import system_actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.embedded.server import server_for
server_for(settings.DATA).start()
company = company_named("rom")
by = system_actor(company.pk)
"""
SET = """
with tenant_scope(company.pk), transaction.atomic():
    create_parties([NewParty(name=f"P{n}", contacts=[Contact("email", f"p{n}@example.org")]) for n in range(%d)], by=by)
    save_mailbox(MailboxDraft(host="127.0.0.1", port=%d, user="sales", password=%r, days=1), by=by)
"""
READ = """
with tenant_scope(company.pk):
    with transaction.atomic():
        mailbox = Mailbox.objects.get()
    print("reads", flush=True)
    print(json.dumps(read_mailbox(mailbox.pk)))
"""
TELL = """
with tenant_scope(company.pk), transaction.atomic():
    bodies = list(Entry.objects.filter(kind="reply").values_list("body", flat=True))
    rows = Incoming.objects.count()
    print(json.dumps({"bodies": bodies, "rows": rows, "trouble": Mailbox.objects.get().trouble}))
"""


def child(words: str, data: Path, imap: Dovecot) -> subprocess.Popen[str]:
    environment = clean_environment(DIALOGUE_DATA=str(data), SSL_CERT_FILE=imap.authority)
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(words: str, data: Path, imap: Dovecot) -> str:
    process = child(words, data, imap)
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, wrong
    return said.strip().splitlines()[-1] if said.strip() else ""


def test_killed_reader_loses_and_repeats_nothing(data: Path) -> None:
    made = dialogue("company", "create", "Ромашка", "--login", "rom", "--owner", "a@example.org", "--data", str(data))
    assert made.returncode == 0, made.stderr
    chance = random.Random(20261122)
    with dovecot() as imap:
        run(SET % (WRITERS, imap.tls, PASSWORD), data, imap)
        texts = [f"answer {number}" for number in range(MESSAGES)]
        imap.put("sales", *(reply(None, text, sender=f"p{n % WRITERS}@example.org") for n, text in enumerate(texts)))
        taken = [0]
        for _kill in range(KILLS):
            reader = child(READ, data, imap)
            assert reader.stdout
            assert reader.stdout.readline().strip() == "reads"
            time.sleep(chance.uniform(0.05, 0.9))
            reader.kill()
            reader.communicate()
            taken.append(json.loads(run(TELL, data, imap))["rows"])
        assert taken == sorted(taken)
        assert taken[-1] > 0, "no kill came after the first batch"
        run(READ, data, imap)
        told = json.loads(run(TELL, data, imap))
        assert told["trouble"] == ""
        assert told["rows"] == MESSAGES
        assert Counter(told["bodies"]) == Counter(texts)
        assert json.loads(run(READ, data, imap)) == {}
    print(f"kills {KILLS}, messages taken after each: {taken[1:]}, at the end {told['rows']}, lost 0, twice 0")
