"""`mail`: signed letters of a mailing rendered, recorded and handed to a server, beside the usual Python way and bare signing.

python -m bench.mail sink             takes letters on a free port of the loopback address, prints the port, ends with its input
python -m bench.mail send PORT N S    in a process of the application: the measures over N letters, the storage over S deliveries
"""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.client import ROOT
from bench.warehouse import PARTIES, line

LETTERS, STORED = 20_000, 1_000_000
USUAL = 150
TOAST = " UNION SELECT reltoastrelid FROM pg_class WHERE relname = 'channels_bundle'"
SUBJECT = "{{first_name|Dear customer}}, what we kept for you"
PARAGRAPH = (
    "Autumn is here, and with it **everything for the workshop** that you asked for in spring: tools, spare parts and the"
    " long-awaited second edition of the catalogue, with prices held until the end of the month."
)
TEXT = "\n\n".join(
    [
        "Good afternoon, {{first_name|dear customer}}.",
        PARAGRAPH,
        '{% if city == "Iași" %}Our shop in Iași is open on Saturdays too.{% else %}We deliver to {{city|your town}} in two days.{% endif %}',
        "[The catalogue](https://shop.example.org/catalogue?from=letter) · [Spare parts](https://shop.example.org/parts)",
        *[PARAGRAPH] * 8,
        "[Choose a day](https://shop.example.org/days?c={{city|any}}) and we shall be there.\n{{our_company}}",
    ]
)


def mail(*, small: bool = False) -> list[dict[str, Any]]:
    """Return the rows: letters a second, bytes per delivery and per event."""
    letters, stored = (2_000, 20_000) if small else (LETTERS, int(os.environ.get("BENCH_STORED", STORED)))
    with tempfile.TemporaryDirectory(prefix="dialogue-bench-") as folder:
        Path(folder).chmod(0o711)
        environment = {**os.environ, "DIALOGUE_DATA": str(Path(folder) / "data"), "DIALOGUE_LOG": "WARNING"}
        sink = subprocess.Popen(
            [sys.executable, "-m", "bench.mail", "sink"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert sink.stdout is not None
            port = sink.stdout.readline().strip()
            command = [sys.executable, "-m", "bench.mail", "send", port, str(letters), str(stored)]
            done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        finally:
            sink.communicate(timeout=30)
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    told = ("letters", "letter_bytes", "cpu_per_letter_us", "database_cpu_per_letter_us", "made_rate")
    seen = {name: facts[name] for name in told}
    return [
        line("mail.send", "rows/s", facts["rate"], facts["usual_rate"], 15) | {"unit": "letters/s"} | seen,
        line("mail.send.signing", "rows/s", facts["rate"], facts["signing_rate"], 0.5) | {"unit": "letters/s"},
        # The same fairly: letters a second of processor time, ours and the database's, beside signing on one core.
        line("mail.send.core", "rows/s", facts["core_rate"], facts["signing_core_rate"], 0.5) | {"unit": "letters/core second"},
        _size("mail.storage.delivery", facts["delivery_bytes"], facts),
        _size("mail.storage.event", facts["event_bytes"], facts),
    ]


def _size(name: str, value: float, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": "bytes",
        "baseline": 200,
        "ratio": round(value / 200, 2),
        "at_most": 200,
        "met": value <= 200,
        "rows": facts["stored"],
        "parts": facts[name.rpartition(".")[2] + "_parts"],
    }


def serve() -> None:
    """Take letters until the parent closes our input."""
    from dialogue.platform.mail.tests.sink import sink

    with sink(keeps=False) as kept:
        print(kept.port, flush=True)
        sys.stdin.read()


def measure(port: int, letters: int, stored: int) -> dict[str, Any]:
    """Make a company with customers, send, and weigh what was kept."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.db import connections, transaction

    from dialogue.customers.channels.actions import change_letter_settings
    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.kit.actors import system_actor
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.mail.actions import add_sender_identity, check_sender_identity, set_mail_server

    bring_up_to_date()
    with transaction.atomic():
        company, _owner = create_company("Bench", login="bench", owner="bench@example.org", language="en", currency="EUR")
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(PARTIES.format(tenant=company.pk, people=max(letters, stored)))
        cursor.execute("ANALYZE parties_party")
    by = system_actor(company.pk)
    with tenant_scope(company.pk), transaction.atomic():
        change_letter_settings(mail_per_domain=0, by=by)
        set_mail_server(host="127.0.0.1", port=port, security="none", by=by)
        row = add_sender_identity(email="sales@bench.example.org", name="Bench Workshop", by=by)
        identity = check_sender_identity(row, by=by, find_txt=lambda _name: [row.record_text])
        pem = identity.signer().pem
        company.refresh_from_db()
    facts: dict[str, Any] = {"usual_rate": usual(port, pem)}
    with tenant_scope(company.pk):
        # A shared machine is not as quick in one second as in the next: the limit is measured on both sides.
        before = signing(pem)
        facts |= sending(company, letters)
        pairs = zip(before, signing(pem), strict=True)
        facts["signing_rate"], facts["signing_core_rate"] = (round(sum(pair) / 2, 1) for pair in pairs)
        facts |= storage(company, stored)
    return facts


def usual(port: int, pem: str) -> float:
    """Return the letters a second of Django's templates, EmailMultiAlternatives, dkimpy and one smtplib connection."""
    import dkim
    from django.core.mail import EmailMultiAlternatives
    from django.template import Context, Engine

    engine = Engine(libraries={"i18n": "django.templatetags.i18n"})
    marked = TEXT.replace("{{first_name|dear customer}}", "{{first_name}}").replace("{{city|your town}}", "{{city}}")
    marked = marked.replace("{{city|any}}", "{{city}}")
    plain = engine.from_string(marked)
    html = engine.from_string(
        "<!doctype html><html><body>"
        + marked.replace("\n\n", "</p><p>")
        + '<hr><p><a href="{{leave}}">Leave</a></p></body></html>'
    )
    server = smtplib.SMTP("127.0.0.1", port)
    begun = time.perf_counter()
    for number in range(USUAL):
        context = Context(
            {"first_name": "Anna", "city": "Iași", "our_company": "Bench", "leave": f"https://example.org/u/{number}"}
        )
        headers = {
            "List-Unsubscribe": f"<https://example.org/u/{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        to = f"p{number}@example.org"
        letter = EmailMultiAlternatives(
            "What we kept for you", plain.render(context), "sales@bench.example.org", [to], headers=headers
        )
        letter.attach_alternative(html.render(context), "text/html")
        data = letter.message().as_bytes(linesep="\r\n")
        signed = dkim.sign(data, b"d1", b"bench.example.org", pem.encode(), canonicalize=(b"relaxed", b"relaxed"))
        server.sendmail("sales@bench.example.org", [to], signed + data)
    rate = USUAL / (time.perf_counter() - begun)
    server.quit()
    return round(rate, 1)


def signing(pem: str, seconds: float = 3) -> tuple[float, float]:
    """Return the RSA-2048 signatures of OpenSSL a second, and a second of processor time: what no signer can beat."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    begun, spent, made = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds:
        key.sign(b"x" * 400, padding.PKCS1v15(), hashes.SHA256())
        made += 1
    return made / seconds, made / (time.process_time() - spent)


def make(rows: Sequence[Any]) -> dict[int, Any]:
    """Return the drafts as a campaign makes them: one query of the window's customers."""
    from dialogue.customers.channels.makers import Draft
    from dialogue.customers.parties.models import Party

    found = Party.objects.filter(pk__in=[row.party_id for row in rows]).values_list("pk", "name", "first_name", "city")
    people = {pk: (name, first, city) for pk, name, first, city in found}
    drafts = {}
    for row in rows:
        name, first, city = people[row.party_id]
        drafts[row.pk] = Draft(SUBJECT, TEXT, {"first_name": first, "city": city, "our_company": "Bench"}, "en", "one", name)
    return drafts


def planned(number: int, letters: int, by: Any) -> Any:
    """Return a mailing with so many letters planned."""
    from dialogue.customers.channels.mailings import open_mailing, plan_deliveries, start_mailing

    mailing = open_mailing("bench", number, title=f"Bench {number}", canary=0, source=1, purpose="service", by=by)
    source = "SELECT id, 'p' || id || '@example.org', now(), 'a' FROM parties_party WHERE tenant_id = %s AND id <= %s"
    plan_deliveries(mailing, (source, [mailing.tenant_id, letters]), by=by)
    return start_mailing(mailing, by=by)


def sending(company: Any, letters: int) -> dict[str, Any]:
    """Return how fast letters go, all of the way."""
    from dialogue.customers.channels.makers import letter_makers
    from dialogue.customers.channels.sending import send_due
    from dialogue.kit.actors import system_actor

    with letter_makers.temporarily("bench", make):
        planned(1, letters, system_actor(company.pk))
        cpu, base, begun = time.process_time(), database_seconds(), time.perf_counter()
        counts = send_due()
        seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
        base = database_seconds() - base
        assert counts == {"accepted": letters}, counts
        return {
            "rate": round(letters / seconds, 1),
            "letters": letters,
            "core_rate": round(letters / (spent + base), 1),
            "cpu_per_letter_us": round(spent / letters * 1e6),
            "database_cpu_per_letter_us": round(base / letters * 1e6),
        } | made(company)


def database_seconds() -> float:
    """Return the processor time that the database server and its children have taken."""
    from django.conf import settings

    server, ticks = int((Path(settings.DATA) / "pg" / "postmaster.pid").read_text().split()[0]), 0
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = one.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == server or int(one.parent.name) == server:
            # Its own time and that of children that have ended.
            ticks += int(words[11]) + int(words[12]) + (int(words[13]) + int(words[14]) if int(words[1]) != server else 0)
    return ticks / os.sysconf("SC_CLK_TCK")


def made(company: Any) -> dict[str, Any]:
    """Return how fast letters are made and signed, without sending, and how large one is."""
    from django.db import transaction

    from dialogue.customers.channels.models import Delivery
    from dialogue.customers.channels.press import Press

    with transaction.atomic():
        rows = list(Delivery.objects.select_related("mailing__identity").order_by("id")[:1000])
        drafts = make(rows)
    identity = rows[0].sender
    assert identity is not None
    press = Press(drafts[rows[0].pk], company, identity, identity.signer())
    begun, size = time.perf_counter(), 0
    for row in rows:
        size += len(
            press.letter(
                drafts[row.pk], delivery=row.pk, tenant=row.tenant_id, address=row.address, letter_id=row.letter_id
            ).sign()
        )
    return {"made_rate": round(len(rows) / (time.perf_counter() - begun), 1), "letter_bytes": size // len(rows)}


def storage(company: Any, stored: int) -> dict[str, Any]:
    """Return the bytes a delivery and its event take, after all of its states, by the statements that sending uses."""
    from django.db import connections, transaction
    from django.utils import timezone

    from dialogue.customers.channels.claims import LEASE, claim_window
    from dialogue.customers.channels.ledger import hand_bundles
    from dialogue.customers.channels.settling import note_results
    from dialogue.kit.actors import system_actor
    from dialogue.platform.mail.transport import Outcome, Result

    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("TRUNCATE channels_bundle, channels_delivery, timeline_entry CASCADE")
    mailing = planned(2, stored, system_actor(company.pk))
    fine = Result(Outcome.ACCEPTED, 250, "fine")
    done = 0
    while done < stored:
        with transaction.atomic():
            taken = claim_window(mailing, timezone.now())
            assert taken is not None
            bundle = hand_bundles(taken, taken.rows, timezone.now() + LEASE, stayed=False)
        with transaction.atomic():
            note_results(taken.rows, {row.pk: fine for row in taken.rows}, company, bundle)
        done += len(taken.rows)
    facts: dict[str, Any] = {"stored": stored}
    with owner.cursor() as cursor:
        # What waited in bundles belongs to a delivery too: the room they leave counts until it is tidied.
        for name, tables, aside in (
            ("delivery", "SELECT unnest(ARRAY['channels_delivery', 'channels_bundle']::regclass[])", TOAST),
            ("event", "SELECT relid FROM pg_partition_tree('timeline_entry')", ""),
        ):
            cursor.execute(f"SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.oid IN ({tables})")
            facts[f"{name}_bytes"] = round(float(cursor.fetchone()[0]) / stored, 1)
            cursor.execute(
                f"SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c WHERE c.oid IN ({tables}{aside}) OR c.oid IN"
                f" (SELECT indexrelid FROM pg_index WHERE indrelid IN ({tables}{aside})) ORDER BY 2 DESC LIMIT 9"
            )
            facts[f"{name}_parts"] = {one: round(size / stored, 1) for one, size in cursor.fetchall() if size > stored}
    return facts


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    if sys.argv[1] == "sink":
        serve()
    else:
        print(json.dumps(measure(*map(int, sys.argv[2:5]))))
