"""What is asked outside before a launch: the sender's records and the links, of servers on this machine."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict
from dialogue.marketing.campaigns.actions import write_content
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.links import dead_links, status_of
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.preflight import look_before
from dialogue.platform.mail.actions import add_sender_identity, check_sender_identity, set_mail_server
from dialogue.platform.mail.dns import DnsSilent
from dialogue.platform.mail.models import SenderIdentity

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]
RECORDS: dict[str, list[str]] = {}


def records(name: str) -> list[str]:
    """The domain name system of these tests."""
    if name in RECORDS.get("silent", []):
        raise DnsSilent(name)
    return RECORDS.get(name, [])


class Site(BaseHTTPRequestHandler):
    """A site with one page."""

    def do_HEAD(self) -> None:
        self.send_response({"/there": 200, "/moved": 302, "/busy": 503}.get(self.path, 404))
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def sender(by: Actor, settings: Any) -> Iterator[SenderIdentity]:
    settings.TXT_LOOKUP = f"{__name__}.records"
    set_mail_server(host="127.0.0.1", port=9, security="none", by=by)
    row = add_sender_identity(email="news@mail.shop.example.org", name="Shop", by=by)
    RECORDS[row.record_name] = [row.record_text]
    RECORDS["mail.shop.example.org"] = ["v=spf1 a -all", "other=1"]
    RECORDS["_dmarc.shop.example.org"] = ["v=DMARC1; p=reject"]
    yield check_sender_identity(row, by=by)
    RECORDS.clear()


def words_of(campaign: Campaign, grade: str) -> str:
    return " ".join(one.words for one in look_before(campaign).findings if one.grade == grade)


def test_sender_with_all_records_may_launch(willing: Make, ready: Ready, sender: SenderIdentity) -> None:
    made = ready(body="No links")
    assert words_of(made, "bad") == ""
    assert "SPF, DKIM and DMARC of mail.shop.example.org stand." in words_of(made, "good")


@pytest.mark.parametrize(
    ("name", "texts", "words"),
    [
        ("mail.shop.example.org", [], "must publish one SPF record; it has 0"),
        ("mail.shop.example.org", ["v=spf1 a -all", "v=spf1 mx -all"], "it has 2"),
        ("_dmarc.shop.example.org", [], "no DMARC record"),
        ("key", [], "does not publish the key"),
    ],
)
def test_missing_record_stops_the_launch(
    willing: Make, ready: Ready, by: Actor, sender: SenderIdentity, name: str, texts: list[str], words: str
) -> None:
    willing("Anna")
    RECORDS[sender.record_name if name == "key" else name] = texts
    with pytest.raises(Conflict) as refused:
        launch_campaign(ready(body="No links"), by=by)
    assert words in refused.value.message


def test_silent_resolver_and_weak_policy_are_only_warned_about(ready: Ready, sender: SenderIdentity) -> None:
    made = ready(body="No links")
    RECORDS["_dmarc.shop.example.org"] = ["v=DMARC1; p=none"]
    assert "does not enforce" in words_of(made, "warn")
    RECORDS["silent"] = ["mail.shop.example.org"]
    assert words_of(made, "bad") == ""
    assert "did not answer" in words_of(made, "warn")


def test_page_that_is_not_there_is_named(site: str, settings: Any) -> None:
    settings.LINKS_OF_OWN_NETWORK = True
    asked = [f"{site}/there", f"{site}/moved", f"{site}/busy", f"{site}/gone", f"{site}/{{{{city}}}}", "http://127.0.0.1:1/"]
    assert dead_links(asked) == {f"{site}/gone": 404}


def test_own_network_is_never_asked(site: str) -> None:
    assert status_of(f"{site}/there") == 0
    assert status_of("http://[::1]/") == 0


def test_dead_link_stops_the_launch(
    willing: Make, ready: Ready, by: Actor, sender: SenderIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialogue.marketing.campaigns.preflight.dead_links", lambda links: dict.fromkeys(links, 404))
    made = ready(body="No links")
    assert words_of(made, "bad") == ""
    write_content(made, by=by, subject="News", body="[Shop](https://shop.example.org/gone)")
    assert "its server says 404" in words_of(made, "bad")


def test_result_comes_as_a_workbook(willing: Make, ready: Ready, by: Actor, client: Client) -> None:
    willing("Anna")
    made = ready(plan_people=3)
    path = f"/c/romashka/campaigns/{made.pk}/result.xlsx"
    assert client.get(path).status_code == 404
    launch_campaign(made, by=by)
    answer = client.get(path)
    assert "Осень" not in answer.headers["Content-Type"]
    texts = ZipFile(io.BytesIO(answer.content)).read("xl/sharedStrings.xml").decode()
    assert "Chosen to be reached" in texts
    assert "Осень" in texts
