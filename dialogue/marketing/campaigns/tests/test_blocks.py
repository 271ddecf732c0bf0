"""Letters built of blocks: edited on the page with and without JavaScript, cleaned, filled, sent, shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes
from email import policy as email_policy

import pytest
from django.test import Client
from django.utils import timezone

from dialogue.customers.channels.blocks import blocks_html, blocks_plain, checked_blocks, filled_blocks, links_in
from dialogue.customers.channels.frames import frame_address, letter_frame
from dialogue.customers.channels.own_html import clean_html
from dialogue.customers.channels.sending import send_due
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.marketing.campaigns.actions import write_content
from dialogue.marketing.campaigns.launching import launch_campaign
from dialogue.marketing.campaigns.models import Campaign, Content
from dialogue.marketing.campaigns.preflight import look_before
from dialogue.marketing.policy.actions import change_policy
from dialogue.platform.accounts.actions import make_key
from dialogue.platform.mail.models import StoredLetter
from dialogue.selling.catalog.actions import ensure_products
from dialogue.selling.purchases.actions import LineDraft, PurchaseDraft, record_purchases
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Make = Callable[..., Party]
Ready = Callable[..., Campaign]
BLOCKS = [
    {"kind": "heading", "text": "Осень в {{city|вашем городе}}"},
    {"kind": "text", "text": "Hello **{{name}}**, see [the shop](https://example.org/shop?c={{city|x}})"},
    {"kind": "picture", "src": "https://example.org/a.png", "alt": "A coat", "link": "https://example.org/coat"},
    {"kind": "columns", "left": "Left words", "right": "Right words"},
    {"kind": "product", "text": "Coat", "price": "1 200", "link": "https://example.org/coat", "src": "https://example.org/c.png"},
    {"kind": "button", "text": "Come in", "link": "https://example.org/in"},
    {"kind": "divider"},
    {"kind": "html", "html": '<p onclick="x()">Own {% if city %}<b>{{city}}</b>{% endif %} <a href="https://example.org/own">go</a></p><script>x()</script>'},
    {"kind": "text", "text": "Only Riga", "only": 'city == "Riga"'},
]  # fmt: skip


def sent() -> dict[str, tuple[str, str]]:
    found = {}
    for row in StoredLetter.objects.all():
        letter = message_from_bytes(bytes(row.data), policy=email_policy.default)
        plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
        found[letter["To"].addresses[0].addr_spec] = (plain.get_content() if plain else "", html.get_content() if html else "")
    return found


def test_letter_of_blocks_is_sent_filled_for_each(willing: Make, ready: Ready, by: Actor) -> None:
    change_policy(by=by, start=0, end=24)
    willing("Anna", address={"city": "R&D <b>"})
    willing("Vera", address={"city": "Riga"})
    made = ready()
    write_content(made, by=by, subject="Hi", blocks=BLOCKS)
    launch_campaign(made, by=by)
    send_due()
    said = sent()
    plain, html = said["anna@example.org"]
    assert "Own R&D <b> go:" in plain
    assert "Осень в R&amp;D &lt;b&gt;" in html
    assert "<b>R&amp;D &lt;b&gt;</b>" in html
    assert "<script" not in html
    assert "onclick" not in html
    assert "Only Riga" not in html + plain
    assert "Only Riga" in said["vera@example.org"][0]
    assert "Only Riga" in said["vera@example.org"][1]
    assert 'width="600"' in html
    assert "prefers-color-scheme: dark" in html
    assert 'alt="A coat"' in html
    # Every link of the letter leads through the second origin, once for each place it stands in.
    assert "https://example.org/shop" not in html
    assert "https://example.org/own" not in html
    assert html.count("/l/") == 6


def test_press_and_preview_say_the_same() -> None:
    values = {"city": "Riga", "name": "Vera"}
    shown = filled_blocks(checked_blocks(BLOCKS), values)
    plain, html = blocks_plain(shown, str), blocks_html(shown, str)
    assert "Осень в Riga" in plain
    assert "Hello Vera, see the shop: https://example.org/shop?c=Riga" in plain
    assert "Own Riga go: https://example.org/own" in plain
    assert "* * *" in plain
    assert links_in(shown) == [
        "https://example.org/shop?c=Riga", "https://example.org/coat", "https://example.org/in", "https://example.org/own",
    ]  # fmt: skip
    assert html.count('<tr><td class="ink"') == len(BLOCKS)


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<img src="data:x" alt="a">', '<img alt="a">'),
        ('<p style="color:red;position:fixed">a</p>', '<p style="color:red">a</p>'),
        ("<form><input>a</form><style>p{}</style>", "a"),
        ("<svg onload=x()><b>a</b></svg>", ""),
    ],
)
def test_own_html_is_cleaned(html: str, kept: str) -> None:
    assert clean_html(html, str) in {kept, "<b>a</b>"}


def test_value_cannot_leave_its_place_in_own_html() -> None:
    blocks = checked_blocks([{"kind": "html", "html": '<p title="{{name}}">{{name}}</p>'}])
    html = blocks_html(filled_blocks(blocks, {"name": '"><script>x()</script>'}), str)
    assert "<script" not in html


def test_rows_of_a_table_may_depend_on_the_card(willing: Make, ready: Ready, by: Actor) -> None:
    change_policy(by=by, start=0, end=24)
    willing("Anna")
    willing("Vera", address={"city": "Riga"})
    made = ready()
    html = "<!-- mine --><table><tr><td>a</td></tr>{% if city %}<tr><td>{{city}}</td></tr>{% endif %}</table>"
    write_content(made, by=by, subject="Hi", blocks=[{"kind": "html", "html": html}])
    launch_campaign(made, by=by)
    send_due()
    said = sent()
    assert "<td>a</td></tr><tr><td>Riga</td></tr></tbody></table>" in said["vera@example.org"][1].replace("\n", "")
    assert "<td>a</td></tr></tbody></table>" in said["anna@example.org"][1].replace("\n", "")
    assert "mine" not in said["anna@example.org"][1]


def test_place_in_a_style_stops_the_launch(ready: Ready, by: Actor) -> None:
    made = ready()
    write_content(made, by=by, subject="Hi", blocks=[{"kind": "html", "html": '<p style="color:{{city|red}}">a</p>'}])
    assert any("stand in text" in one.words for one in look_before(made).stops)


def test_preflight_names_the_block_that_is_wrong(ready: Ready, by: Actor) -> None:
    made = ready()
    blocks = [
        {"kind": "button", "text": "Go", "link": "example.org"},
        {"kind": "picture", "src": "https://example.org/a.png"},
        {"kind": "html", "html": "<p>a<script>x()</script></p>"},
        {"kind": "text", "text": "{{nobody}}"},
        {"kind": "text", "text": "a", "only": "city = 1"},
    ]
    write_content(made, by=by, subject="Hi", blocks=blocks)
    words = " ".join(one.words for one in look_before(made).findings)
    for expected in ("block 1 (Button)", "block 2: say what the picture shows", "<script>", "nobody"):
        assert expected in words
    with pytest.raises(Refusal):
        write_content(made, by=by, subject="Hi", blocks=[{"kind": "movie"}])
    with pytest.raises(Refusal):
        write_content(made, by=by, subject="Hi", blocks=[{"kind": "divider"}] * 61)


def test_large_letter_of_blocks_is_refused(ready: Ready, by: Actor) -> None:
    made = ready()
    write_content(made, by=by, subject="Hi", blocks=[{"kind": "text", "text": "word " * 12_000}])
    assert any("100 KB" in one.words for one in look_before(made).stops)


def form(made: Campaign, **more: str | list[str]) -> dict[str, object]:
    base: dict[str, object] = {
        "arm": "a", "language": "", "version": "1", "subject": "Hi", "format": "blocks", "block": ["1", "2"],
        "kind.1": "heading", "text.1": "First", "kind.2": "text", "text.2": "Second",
    }  # fmt: skip
    return base | more


def test_blocks_are_rearranged_without_being_saved_and_without_javascript(ready: Ready, client: Client) -> None:
    made = ready()
    path = f"/c/romashka/campaigns/{made.pk}/letters/"
    page = client.post(path, form(made, do="down.1"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "<html" in text
    assert text.index("Second") < text.index("First")
    assert Content.objects.get().blocks == []
    part = client.post(path, form(made, do="add", add_kind="button"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'name="link.3"' in part
    assert "autofocus" in part
    gone = client.post(path, form(made, do="remove.1"), headers={"HX-Request": "true"}).content.decode()
    assert "First" not in gone
    assert "Second" in gone


def test_blocks_are_saved_and_become_text_again(ready: Ready, client: Client) -> None:
    made = ready()
    path = f"/c/romashka/campaigns/{made.pk}/letters/"
    assert client.post(path, form(made)).status_code == 302
    assert Content.objects.get().blocks == [{"kind": "heading", "text": "First"}, {"kind": "text", "text": "Second"}]
    page = client.get(path).content.decode()
    assert 'value="First"' in page
    back = client.post(path, form(made, do="text")).content.decode()
    assert "**First**" in back
    assert 'name="format"' not in back
    forth = client.post(path, {"arm": "a", "subject": "x", "body": "Words", "do": "blocks"}).content.decode()
    assert ">Words</textarea>" in forth
    assert 'value="blocks"' in forth


def test_preview_of_blocks_is_a_frame_of_the_second_origin(
    willing: Make, ready: Ready, client: Client, settings: object
) -> None:
    willing("Anna")
    made = ready()
    shown = client.post(f"/c/romashka/campaigns/{made.pk}/preview/", form(made)).content.decode()
    assert "/p/" in shown
    assert "srcdoc" not in shown
    assert "FIRST" in shown or "First" in shown


def test_frame_shows_a_letter_and_nothing_else(rf: object) -> None:
    address = frame_address("<p>Hello</p>")
    token = address.rsplit("/", 1)[1]
    answer = letter_frame(rf.get(f"/p/{token}"), token=token)  # type: ignore[attr-defined]
    assert answer.content == b"<p>Hello</p>"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "sandbox" in answer["Content-Security-Policy"]


def test_blocks_travel_through_the_api(ready: Ready, by: Actor, cast: Cast, client: Client) -> None:
    made = ready()
    _key, secret = make_key("machine", by=by, scopes=["*"], user=cast.owner)
    heads = {"authorization": f"Bearer {secret}"}
    path = f"/api/v1/campaigns/{made.pk}/letters"
    given = {"subject": "Hi", "blocks": BLOCKS[:2]}
    answer = client.put(path, json.dumps(given), content_type="application/json", headers=heads)
    assert answer.status_code == 200, answer.content
    assert answer.json()["blocks"] == BLOCKS[:2]
    assert client.get(path, headers=heads).json()[0]["body"] == ""
    wrong = json.dumps({"subject": "Hi", "blocks": [{"kind": "movie"}]})
    assert client.put(path, wrong, content_type="application/json", headers=heads).status_code == 422


def test_product_of_the_catalogue_fills_its_block(ready: Ready, by: Actor, client: Client) -> None:
    made = ready()
    codes = ensure_products({"C-12": ("Тёплое пальто", "Пальто"), "C-13": ("Пальто летнее", ""), "H-1": ("Hat", "")}, by=by)
    line = LineDraft(product=codes["C-12"], name="", quantity=Decimal(1), price=Decimal("45.5"))
    old = LineDraft(product=codes["C-12"], name="", quantity=Decimal(1), price=Decimal(60))
    now = timezone.now()
    record_purchases(
        [
            PurchaseDraft(at=now, currency=made.currency, external_id="1", lines=[line]),
            PurchaseDraft(at=now - timedelta(days=9), currency=made.currency, external_id="2", lines=[old]),
        ],
        by=by,
    )
    path = f"/c/romashka/campaigns/{made.pk}/letters/"
    given = form(made, **{"block": ["1", "2", "3"], "kind.3": "product", "link.3": "https://example.org/", "find.3": "пальто"})
    typed = client.get(f"/c/romashka/campaigns/{made.pk}/goods/3/", {"find.3": "ПАЛЬТО тёп"}).content.decode()
    assert f'value="take.3.{codes["C-12"]}"' in typed
    assert "last sold at" in typed
    assert "летнее" not in typed
    for wish in ({"do": "find.3"}, {"enter": "1"}):  # the button, and Enter in the field without a script
        page = client.post(path, given | wish)
        text = page.content.decode()
        assert (page.status_code, "<html" in text) == (200, True)
        assert f'value="take.3.{codes["C-13"]}"' in text
        assert "Hat" not in text
    assert Content.objects.get().blocks == []
    taken = client.post(path, given | {"do": f"take.3.{codes['C-12']}"}, headers={"HX-Request": "true"}).content.decode()
    assert 'name="text.3" value="Тёплое пальто"' in taken
    assert re.search(r'name="price.3" value="45,5', taken)
    assert 'name="link.3" value="https://example.org/"' in taken
    assert "Not saved yet." in taken
    other = given | {"do": f"take.3.{codes['H-1']}", "text.3": "Тёплое пальто", "price.3": "45,50"}
    swapped = client.post(path, other).content.decode()
    assert 'name="text.3" value="Hat"' in swapped
    assert 'name="price.3" value=""' in swapped
    assert 'name="link.3" value=""' in swapped
    none = client.post(path, given | {"do": "find.3", "find.3": "zzz"}).content.decode()
    assert "No product of this name or code" in none
    assert client.post(path, given | {"enter": "1", "find.3": ""}).status_code == 302
    assert Content.objects.get().blocks[2] == {"kind": "product", "link": "https://example.org/"}
    stranger = client.post(path, given | {"do": "take.3.999999"}).content.decode()
    assert 'name="text.3" value=""' in stranger
