"""Read the files in which central banks publish their rates: Russia, Ukraine, Romania and the European Central Bank.

Sources: cbr.ru XML_daily (windows-1251, comma decimals, per nominal), bank.gov.ua exchange JSON, bnr.ro nbrfxrates.xml
(multiplier), ecb.europa.eu eurofxref (units per euro).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree as ET

from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.money import round_half_up
from dialogue.platform.rates.models import PLACES

LARGEST = 16 * 1024 * 1024


@frozen
class Published:
    """One rate of a bank's file: one unit of `currency` in `quote`."""

    on: date
    currency: str
    quote: str
    value: Decimal
    source: str


def read_published(content: bytes) -> list[Published]:
    """Return the rates of a bank's file, whichever of the four banks wrote it.

    Raises:
        Refusal: larger than 16 MB, or none of the known forms.
    """
    if len(content) > LARGEST:
        raise Refusal(_("To load rates choose a file of at most 16 MB."), field="file")
    try:
        if content.lstrip()[:1] in {b"[", b"{"}:
            found = list(_ukraine(json.loads(content)))
        else:
            found = list(_xml(content))
    except (ValueError, KeyError, TypeError, InvalidOperation, ArithmeticError, ET.ParseError):
        found = []
    if not found:
        raise Refusal(
            _("To load rates choose a file of the Bank of Russia, of Ukraine, of Romania or of the European Central Bank."),
            field="file",
        )
    return found


def _per_unit(text: str, units: str = "1") -> Decimal:
    return round_half_up(Decimal(text.replace(",", ".").strip()) / Decimal(units.strip()), PLACES)


def _ukraine(rows: list[dict[str, object]]) -> Iterator[Published]:
    for row in rows:
        day = datetime.strptime(str(row["exchangedate"]), "%d.%m.%Y").date()  # noqa: DTZ007
        yield Published(day, str(row["cc"]), "UAH", _per_unit(str(row["rate"])), "nbu")


def _xml(content: bytes) -> Iterator[Published]:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        # No bank declares entities; a file that does could grow without bound when read.
        return
    root = ET.fromstring(content)  # noqa: S314
    name = root.tag.rsplit("}", 1)[-1]
    readers = {"ValCurs": _russia, "DataSet": _romania, "Envelope": _europe}
    if name in readers:
        yield from readers[name](root)


def _russia(root: ET.Element) -> Iterator[Published]:
    day = datetime.strptime(root.attrib["Date"], "%d.%m.%Y").date()  # noqa: DTZ007
    for row in root.iter("Valute"):
        value = _per_unit(row.findtext("Value", ""), row.findtext("Nominal", "1"))
        yield Published(day, row.findtext("CharCode", ""), "RUB", value, "cbr")


def _romania(root: ET.Element) -> Iterator[Published]:
    for cube in root.iter():
        if not cube.tag.endswith("}Cube"):
            continue
        for row in cube:
            value = _per_unit(row.text or "", row.attrib.get("multiplier", "1"))
            yield Published(date.fromisoformat(cube.attrib["date"]), row.attrib["currency"], "RON", value, "bnr")


def _europe(root: ET.Element) -> Iterator[Published]:
    for cube in root.iter():
        if "time" not in cube.attrib:
            continue
        for row in cube:
            value = _per_unit(row.attrib["rate"])
            yield Published(date.fromisoformat(cube.attrib["time"]), "EUR", row.attrib["currency"], value, "ecb")
