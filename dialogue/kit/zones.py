"""Time zones by name: the list to choose from, what a name as typed means, and where a person is as far as it is known."""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

# What lies in a place. The rest of the list are old names, and offsets that forget summer time.
AREAS = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
# The zone in which most of a large country's people live is no guess to make: of these only one-zone countries are known.
MAINLAND = {"UA": "Europe/Kyiv", "ES": "Europe/Madrid", "PT": "Europe/Lisbon", "DE": "Europe/Berlin"}
UTC_NAME = "UTC"


@cache
def _names() -> dict[str, str]:
    """Return `{a name in small letters: the name in use now}`: "europe/kiev" is Europe/Kyiv (CLDR's aliases)."""
    known = available_timezones()
    renamed = get_global("zone_aliases")
    found = {}
    for name in known:
        new = renamed.get(name, name)
        found[name.casefold()] = new if new in known and name != UTC_NAME else name
    return found | {"etc/utc": UTC_NAME}


def zone_named(text: str) -> str:
    """Return the name of the time zone that a text names, "" where there is none; letters, spaces and old names are forgiven."""
    return _names().get("_".join(str(text).split()).casefold(), "")


@cache
def zone_names() -> tuple[str, ...]:
    """Return the names to choose from (IANA), each zone once."""
    listed = {name for name in _names().values() if name.startswith(AREAS)}
    return (UTC_NAME, *sorted(listed))


@lru_cache(maxsize=8)
def zones_in_words(language: str) -> tuple[tuple[str, str], ...]:
    """Return (name, its city in a language) of every zone to choose from (CLDR); a fifth of a second, once a process."""
    # Only who chooses a zone needs its names.
    from babel.dates import get_timezone_location

    names = zone_names()
    return tuple((name, get_timezone_location(ZoneInfo(name), locale=language, return_city=True)) for name in names)


@cache
def zones_of_countries() -> dict[str, str]:
    """Return `{country: time zone}` of the countries where one zone holds for everybody (CLDR)."""
    known = available_timezones()
    listed = get_global("territory_zones")
    single = {country: names[0] for country, names in listed.items() if len(names) == 1}
    return {country: zone for country, zone in (single | MAINLAND).items() if zone in known}


def zone_of(own: str, country: str, company: ZoneInfo) -> ZoneInfo:
    """Return a person's zone: the own one, else that of his country where it has one, else the company's."""
    found = zone_named(own) if own else zones_of_countries().get(country.upper(), "")
    return ZoneInfo(found) if found else company
