"""A house with one record of every kind, each named so that it is known wherever it would show."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from dialogue.customers.mailboxes.actions import MailboxDraft, save_mailbox
from dialogue.customers.mailboxes.models import Incoming
from dialogue.customers.parties.actions import create_party
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.timeline.actions import record_note
from dialogue.faces import limits
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.actions import choose_segments, create_campaign
from dialogue.marketing.segments.actions import create_segment
from dialogue.platform.accounts.actions import invite_member, make_key, remove_member
from dialogue.platform.accounts.models import Membership, Role, User
from dialogue.platform.accounts.places import save_team
from dialogue.platform.files.actions import keep_file
from dialogue.platform.jobs.models import Job
from dialogue.platform.mail.actions import add_sender_identity
from dialogue.platform.notices.models import Notice
from dialogue.platform.rates.actions import set_rate
from dialogue.selling.deals.actions import create_deal
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.losses import add_loss_reason
from dialogue.selling.promotions.actions import SeriesDraft, create_series
from tests.cast import Cast, make_cast

MARK = "Zaphod"
HOLE = re.compile(r"<(?:(\w+):)?(\w+)>|\{(?:(\w+):)?(\w+)\}")


@dataclass
class House:
    """The cast, the ids of its records by the beginning of their address, secrets of keys, a member who left."""

    cast: Cast
    ids: dict[str, int]
    owner_secret: str
    stranger_secret: str
    powerless_secret: str
    left: User
    powerless: User

    def fill(self, path: str) -> str:
        """Return an address with every hole filled: ids of the matching record, words that exist."""

        def one(match: re.Match[str]) -> str:
            kind, name = (match[1] or match[3] or "str"), (match[2] or match[4])
            if kind == "int" or name in {"pk", "number"}:
                begins = [start for start in self.ids if path.startswith(start)]
                return str(self.ids[max(begins, key=len)] if begins else 1)
            if kind == "import_verb":
                return "stop"
            words = {"kind": "parties.party", "name": "contacts", "entity": "party", "field": "name", "token": "none"}
            return words.get(name, "start")

        return HOLE.sub(one, path)


def client_of(user: User) -> Client:
    """Return a signed-in client that reads English."""
    User.objects.filter(pk=user.pk).update(language="en")
    client = Client()
    client.force_login(user)
    return client


def _records(cast: Cast) -> dict[str, int]:
    by = cast.actor(cast.owner)
    party = create_party(NewParty(kind="person", name=MARK), by=by)
    deal = create_deal(NewDeal(title=MARK, contact=party.pk, budget=Decimal(100), currency="RUB"), by=by)
    record_note(party, body=MARK, by=by)
    file = keep_file(io.BytesIO(b"text"), f"{MARK}.txt", by=by, subject=party)
    job = Job.objects.create(kind="audit.action", title=MARK, actor=cast.owner.pk, state="failed")
    notice = Notice.objects.create(user=cast.owner, kind="mention", title=MARK, address="/")
    team = save_team(MARK, by=by)
    role = Role.objects.create(name=MARK, permissions=["company:rates:write"])
    key, _secret = make_key(MARK, by=by, scopes=["*"])
    rate = set_rate("USD", "RUB", date(2026, 1, 2), Decimal(80), by=by)
    place = Membership.objects.get(user=cast.seller)
    rooms = {"contacts": party, "why": party, "history": party, "settings/bin": party, "deals": deal, "jobs": job}
    rooms |= {"files": file, "notices": notice, "settings/roles": role, "settings/keys": key, "settings/members": place}
    rooms |= {"members": cast.seller, "teams": team, "roles": role, "keys": key}
    rooms |= {"pipelines": deal.pipeline, "stages": deal.stage, "loss-reasons": add_loss_reason(MARK, by=by)}
    sender = add_sender_identity(email="mark@example.org", name=MARK, by=by)
    rooms |= {"senders": sender, "settings/senders": sender}
    mailbox = save_mailbox(MailboxDraft(host="127.0.0.1", port=1, user=MARK, password="x"), by=by)
    incoming = Incoming.objects.create(mailbox=mailbox, digest="x", kind="aside", subject=MARK, data=MARK.encode())
    rooms |= {"mailboxes": mailbox, "settings/mailboxes": mailbox, "incoming": incoming, "settings/incoming": incoming}
    coupons = create_series(SeriesDraft(name=MARK), by=by)
    rooms |= {"coupons": coupons}
    segment = create_segment(MARK, {"all": []}, by=by)
    campaign = create_campaign(MARK, by=by)
    choose_segments(campaign, [segment.code], by=by)
    rooms |= {"segments": segment, "campaigns": campaign}
    rooms |= {"settings/rates": rate, "parties": party, "rates": rate, "bin": party}
    return {start: row.pk for start, row in rooms.items()}


@pytest.fixture
def house(db: None, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house."""
    settings.FILES_FOLDER = tmp_path
    for throttle in (limits.keys, limits.users, limits.addresses):
        monkeypatch.setattr(throttle, "per_minute", 10**6)
    limits.forget()
    cast = make_cast()
    people = {}
    with transaction.atomic(), tenant_scope(cast.company.pk):
        by = cast.actor(cast.owner)
        ids = _records(cast)
        nothing = Role.objects.create(name="Nothing", permissions=[], reach={"*": "own"})
        for name, role in (("left", Role.objects.get(code="manager")), ("powerless", nothing)):
            invite_member(f"{name}@example.org", roles=[role], by=by, name=name)
            people[name] = User.objects.get(email=f"{name}@example.org")
        _key, owner_secret = make_key("k", by=by, scopes=["*"])
        _key, powerless_secret = make_key("k", by=by, scopes=["*"], user=people["powerless"])
        remove_member(Membership.objects.get(user=people["left"]), by=by)
    with transaction.atomic(), tenant_scope(cast.other_company.pk):
        from dialogue.platform.accounts.members import member_actor

        stranger = member_actor(cast.stranger)
        assert stranger
        _key, stranger_secret = make_key("k", by=stranger, scopes=["*"])
    return House(cast, ids, owner_secret, stranger_secret, powerless_secret, people["left"], people["powerless"])
