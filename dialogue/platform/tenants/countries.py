"""What a country usually means for a company: language, currency, time zone, first day of the week (1 is Monday)."""

from __future__ import annotations

from typing import NamedTuple


class Habit(NamedTuple):
    """The usual settings of a country."""

    language: str
    currency: str
    time_zone: str
    week_start: int = 1


HABITS = {
    "RU": Habit("ru", "RUB", "Europe/Moscow"),
    "UA": Habit("uk", "UAH", "Europe/Kyiv"),
    "RO": Habit("ro", "RON", "Europe/Bucharest"),
    "MD": Habit("ro", "MDL", "Europe/Chisinau"),
    "BY": Habit("ru", "BYN", "Europe/Minsk"),
    "KZ": Habit("ru", "KZT", "Asia/Almaty"),
    "GB": Habit("en", "GBP", "Europe/London"),
    "DE": Habit("en", "EUR", "Europe/Berlin"),
    "US": Habit("en", "USD", "America/New_York", 7),
}
BY_LANGUAGE = {"en": "US", "ru": "RU", "uk": "UA", "ro": "RO"}


def habit_of(country: str) -> Habit:
    """Return the country's usual settings; English, US dollars and UTC where we do not know it."""
    return HABITS.get(country.upper(), Habit("en", "USD", "UTC"))
