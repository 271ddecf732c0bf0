"""The fields of customers that a file's columns can be mapped to, with the words people head such columns with."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import PartyKind
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.imports.kinds import Target, Value
from dialogue.platform.imports.mapping import VALUE_OF_KIND

EMAIL = ("email", "e mail", "mail", "почта", "эл почта", "электронная почта", "адрес электронной почты", "пошта",
         "електронна пошта", "adresa de e mail", "posta electronica", "емейл", "имейл")  # fmt: skip
PHONE = ("phone", "telephone", "mobile", "mobile phone", "cell", "tel", "телефон", "мобильный", "мобильный телефон", "тел",
         "номер телефона", "контактный телефон", "мобільний", "номер телефону", "telefon", "telefon mobil", "mobil")  # fmt: skip
OWN_NUMBER = ("id", "customer id", "customerid", "client id", "external id", "код", "код клиента", "номер клиента", "ид",
              "код клієнта", "номер клієнта", "cod client", "cod", "numar client")  # fmt: skip
COMPANY = ("company", "company name", "organization", "organisation", "account", "компания", "организация", "фирма",
           "название компании", "место работы", "компанія", "організація", "фірма", "назва компанії", "compania", "companie",
           "firma", "denumire firma", "organizatie")  # fmt: skip
NAME = ("name", "full name", "contact", "contact name", "customer", "customer name", "client", "фио", "имя и фамилия",
        "контакт", "контактное лицо", "клиент", "ф и о", "піб", "контактна особа", "клієнт", "nume complet", "nume si prenume",
        "persoana de contact")  # fmt: skip
CITY = ("city", "town", "город", "населенный пункт", "місто", "oras", "oraș", "localitate", "localitatea")
COUNTRY = ("country", "страна", "країна", "tara", "țara", "țară")
REGION = ("region", "state", "province", "область", "регион", "край", "регіон", "judet", "județ", "judetul", "regiune")
ADDRESS = ("address", "street address", "адрес", "почтовый адрес", "адреса", "поштова адреса", "adresa", "adresă")
POSTCODE = (
    "postcode",
    "zip",
    "zip code",
    "postal code",
    "индекс",
    "почтовый индекс",
    "індекс",
    "поштовий індекс",
    "cod postal",
)
NOTE = ("note", "notes", "comment", "comments", "примечание", "комментарий", "заметки", "примітка", "коментар", "нотатки",
        "nota", "notă", "note", "comentariu", "observatii", "observații")  # fmt: skip
TAGS = ("tags", "tag", "labels", "теги", "метки", "тег", "мітки", "etichete", "eticheta")
RESPONSIBLE = ("responsible", "owner", "manager", "assigned to", "account manager", "ответственный", "менеджер", "куратор",
               "відповідальний", "responsabil", "manager de cont")  # fmt: skip
SITE = ("site", "website", "web", "url", "сайт", "веб сайт", "sait")
TIME_ZONE = ("time zone", "timezone", "tz", "часовой пояс", "пояс", "часовий пояс", "fus orar", "fusul orar", "zona orara",
             "zonă orară")  # fmt: skip
TELEGRAM = ("telegram", "телеграм", "телеграмм")


def contact_targets() -> list[Target]:
    """Return the targets that people and companies share."""
    return [
        Target("email", _("E-mail"), synonyms=EMAIL, several=True, longest=400),
        Target("phone", _("Phone"), synonyms=PHONE, several=True),
        Target("telegram", _("Telegram"), synonyms=TELEGRAM),
        Target("site", _("Site"), synonyms=SITE),
        Target("external_id", _("Own number"), synonyms=OWN_NUMBER, longest=80),
        Target("country", _("Country"), synonyms=COUNTRY),
        Target("region", _("Region"), synonyms=REGION, longest=80),
        Target("city", _("City"), synonyms=CITY, longest=80),
        Target("time_zone", _("Time zone"), synonyms=TIME_ZONE, longest=60),
        Target("line", _("Address in one line"), synonyms=ADDRESS, longest=300),
        Target("postcode", _("Postcode"), synonyms=POSTCODE, longest=12),
        Target("responsible", _("Responsible"), synonyms=RESPONSIBLE),
        Target("tags", _("Tags"), synonyms=TAGS, longest=600),
        Target("note", _("Note"), Value.LONG_TEXT, synonyms=NOTE),
    ]


def person_targets() -> list[Target]:
    """Return what a row about a person may hold."""
    return [
        Target("name", _("Full name"), synonyms=NAME),
        Target("last_name", _("Last name"), synonyms=("last name", "surname", "family name", "фамилия", "прізвище", "nume",
               "nume de familie"), longest=80),
        Target("first_name", _("First name"), synonyms=("first name", "given name", "имя", "ім'я", "ім я", "prenume"), longest=80),
        Target("middle_name", _("Middle name"), synonyms=("middle name", "patronymic", "отчество", "по батькові", "patronimic"),
               longest=80),
        Target("company", _("Company"), synonyms=COMPANY),
        Target("position", _("Position"), synonyms=("position", "job title", "title", "должность", "посада", "functie", "funcție",
               "post"), longest=120),
        Target("birth_on", _("Birthday"), Value.DAY, synonyms=("birthday", "birth date", "date of birth", "dob", "дата рождения",
               "день рождения", "дата народження", "день народження", "data nasterii", "data nașterii")),
        Target("sex", _("Sex"), synonyms=("sex", "gender", "пол", "стать", "sex", "gen")),
        *contact_targets(),
        *characteristic_targets(PartyKind.PERSON),
    ]  # fmt: skip


def company_targets() -> list[Target]:
    """Return what a row about a company may hold."""
    return [
        Target("name", _("Name"), synonyms=("name", "название", "наименование", "назва", "найменування", "denumire", "nume",
               *COMPANY)),
        Target("legal_name", _("Legal name"), synonyms=("legal name", "юридическое название", "полное наименование",
               "повна назва", "юридична назва", "denumire juridica", "denumire juridică")),
        Target("tax_number", _("Tax number"), synonyms=("tax number", "vat", "vat number", "tin", "инн", "инн кпп", "єдрпоу",
               "іпн", "cui", "cif", "cod fiscal", "idno"), longest=40),
        *contact_targets(),
        *characteristic_targets(PartyKind.COMPANY),
    ]  # fmt: skip


def characteristic_targets(kind: str) -> list[Target]:
    """Return the company's own fields of this kind of customer."""
    return [
        Target(
            f"characteristics.{one.code}",
            one.label,
            VALUE_OF_KIND[one.kind],
            synonyms=(one.label.lower(), one.code.replace("_", " ")),
            group=_("Characteristics"),
        )
        for one in Characteristic.objects.of(ENTITY)
        if one.applies_to in ("", kind) and one.kind in VALUE_OF_KIND
    ]


SPOKEN = {"eire": "IE", "usa": "US", "uk": "GB", "rsa": "ZA", "england": "GB", "great britain": "GB", "сша": "US", "рф": "RU"}


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    names = dict(SPOKEN)
    for language in ("en", "ru", "uk", "ro"):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(name.casefold(), code)
                names.setdefault(code.casefold(), code)
    return names


def country_code(text: str) -> str:
    """Return the ISO 3166 code of a country named in any of our languages, "" where it is none (names from CLDR)."""
    return _territories().get(text.strip().casefold(), "")
