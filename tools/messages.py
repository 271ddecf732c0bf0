"""Texts of the product: collect them room by room, compile them, and refuse gaps. Needs Babel only, no GNU gettext.

usage: messages.py update | compile | check | fill FILE
`fill` reads lines `text <tab> ru <tab> uk <tab> ro` (plural forms apart by " | ") and puts them where they are missing.
Each room keeps its own catalogues in `locale/<language>/LC_MESSAGES/django.po`.
"""

from __future__ import annotations

import ast
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "dialogue"
LANGUAGES = {
    "ru": "nplurals=4; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : n%10==0 || (n%10>=5 && n%10<=9) || (n%100>=11 && n%100<=14)? 2 : 3);",
    "uk": "nplurals=4; plural=(n % 1 == 0 && n % 10 == 1 && n % 100 != 11 ? 0 : n % 1 == 0 && n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : n % 1 == 0 && (n % 10 ==0 || (n % 10 >=5 && n % 10 <=9) || (n % 100 >=11 && n % 100 <=14 )) ? 2: 3);",
    "ro": "nplurals=3; plural=(n==1?0:(((n%100>19)||((n%100==0)&&(n!=0)))?2:1));",
}  # fmt: skip
SHOWN = 200
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def room_of(file: Path) -> Path:
    """Return the room whose catalogues hold the file's texts: the nearest folder with `apps.py`."""
    for folder in file.parents:
        if (folder / "apps.py").exists():
            return folder
        if folder.name == "faces":
            return folder / "office"
        if folder == PACKAGE:
            break
    return PACKAGE / "kit"


def texts_of(file: Path) -> Iterator[tuple[int, str | tuple[str, ...], str | None]]:
    """Yield (line, text, context) of every text in a Python file, a template or a Jinja template."""
    source = file.read_text(encoding="utf-8")
    if file.suffix in {".html", ".txt"} and "jinja2" not in file.parts:
        from django.utils.translation import templatize

        source = templatize(source)
    method = "python"
    if "jinja2" in file.parts:
        method = "jinja2.ext:babel_extract"
    for line, text, _comments, context in extract(method, io.BytesIO(source.encode()), keywords=KEYWORDS):
        yield line, text, context


def collected() -> dict[Path, dict[tuple[str, str | None], tuple[str | tuple[str, ...], list[tuple[str, int]]]]]:
    """Return every room's texts with where they stand."""
    rooms: dict = {}
    for file in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.txt")]):
        if "migrations" in file.parts or "tests" in file.parts or "static" in file.parts:
            continue
        if file.suffix != ".py" and "templates" not in file.parts and "jinja2" not in file.parts:
            continue
        for line, text, context in texts_of(file):
            first = text if isinstance(text, str) else text[0]
            if not first:
                continue
            place = (str(file.relative_to(ROOT)), line)
            known = rooms.setdefault(room_of(file), {}).setdefault((first, context), (text, []))
            if isinstance(text, tuple) and isinstance(known[0], str):
                rooms[room_of(file)][(first, context)] = (text, known[1])
            known[1].append(place)
    return rooms


def catalogue_file(room: Path, language: str) -> Path:
    """Return the room's catalogue of a language."""
    return room / "locale" / language / "LC_MESSAGES" / "django.po"


def load(file: Path, language: str) -> Catalog:
    """Return the catalogue, empty where the file is missing."""
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def filled(text: object) -> bool:
    """Return whether a translation is complete."""
    return all(text) if isinstance(text, (tuple, list)) else bool(text)


def update() -> None:
    """Write every room's catalogues: new texts empty, or as another room translates them; vanished ones dropped."""
    rooms = collected()
    for language, plural in LANGUAGES.items():
        olds = {room: load(catalogue_file(room, language), language) for room in rooms}
        anywhere = {
            (m.id if isinstance(m.id, str) else m.id[0], m.context): m.string
            for old in olds.values()
            for m in old
            if m.id and filled(m.string)
        }
        for room, texts in rooms.items():
            fresh = Catalog(locale=language, project="dialogue", charset="utf-8")
            fresh._plural_expr = plural.split("plural=", 1)[1].rstrip(";")
            fresh._num_plurals = int(plural[9])
            for (first, context), (text, places) in sorted(texts.items(), key=lambda item: item[1][1][0]):
                old = olds[room].get(first, context)
                string = old.string if old and filled(old.string) else anywhere.get((first, context), "")
                if isinstance(text, tuple):
                    count = fresh._num_plurals
                    string = tuple(string) if isinstance(string, (tuple, list)) and len(string) == count else ("",) * count
                elif not isinstance(string, str):
                    string = string[0]
                flags = {"python-format"} if "%(" in first or "%s" in first else set()
                fresh.add(text, string, context=context, flags=flags, locations=sorted({(place[0], None) for place in places}))
            file = catalogue_file(room, language)
            file.parent.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            write_po(buffer, fresh, width=120, omit_header=True, include_lineno=False)
            head = (
                f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
                f'"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {plural}\\n"\n\n'
            )
            file.write_text(head + buffer.getvalue().decode(), encoding="utf-8")
    missing()


def unseen(rooms: dict) -> list[str]:
    """Return the texts inside f-strings, where the collector does not see them, that no other place of the room holds."""
    found = []
    for file in PACKAGE.rglob("*.py"):
        if "tests" in file.parts or "migrations" in file.parts:
            continue
        known = {first for first, _context in rooms.get(room_of(file), {})}
        for string in (
            node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.JoinedStr)
        ):
            for call in (node for node in ast.walk(string) if isinstance(node, ast.Call)):
                told = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
                if told and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS and told not in known:
                    found.append(f"{file.relative_to(ROOT)}:{call.lineno}: {told!r} stands inside an f-string")
    return found


def gaps() -> list[str]:
    """Return every text that lacks a translation, a room that lacks a catalogue, and differing translations of one text."""
    rooms = collected()
    found = unseen(rooms)
    for language in LANGUAGES:
        said: dict[tuple[str, str | None], tuple[str, str]] = {}
        for room, texts in rooms.items():
            file = catalogue_file(room, language)
            catalogue = load(file, language)
            if file.exists() and f"Language: {language}" not in file.read_text(encoding="utf-8"):
                found.append(f"{file.relative_to(ROOT)}: empty Language header (plurals would break)")
            for first, context in texts:
                message = catalogue.get(first, context)
                name = f"{language} {room.relative_to(PACKAGE)}: {first!r}"
                if message is None or not filled(message.string) or message.fuzzy:
                    found.append(name)
                    continue
                lacking = set(_holes(first)) - set(_holes(str(message.string)))
                found += [f"{name}: the translation lacks {hole}" for hole in sorted(lacking)]
                other = said.setdefault((first, context), (str(message.string), str(room.relative_to(PACKAGE))))
                if other[0] != str(message.string):
                    found.append(f"{name}: translated otherwise in {other[1]}")
    return found


def _holes(text: str) -> list[str]:
    import re

    return re.findall(r"%\(\w+\)[sd]", text)


def missing() -> int:
    """Print the gaps; return their number."""
    found = gaps()
    for line in found[:SHOWN]:
        print(line)
    if len(found) > SHOWN:
        print(f"… and {len(found) - SHOWN} more")
    return len(found)


def compile_all() -> None:
    """Write the .mo beside every .po."""
    for file in PACKAGE.rglob("*.po"):
        language = file.parts[-3]
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=language)
        catalogue.fuzzy = False
        with file.with_suffix(".mo").open("wb") as stream:
            write_mo(stream, catalogue)


def fill(source: Path) -> None:
    """Put the translations of a tab-separated file into every catalogue that has the text."""
    given = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        if line.strip():
            text, *said = (part.replace("\\n", "\n") for part in line.split("\t"))
            given[text] = dict(zip(LANGUAGES, said, strict=True))
    for language in LANGUAGES:
        for file in PACKAGE.rglob(f"locale/{language}/LC_MESSAGES/django.po"):
            head, mark, _rest = file.read_text(encoding="utf-8").partition("\n\n")
            catalogue = load(file, language)
            for message in catalogue:
                first = message.id if isinstance(message.id, str) else message.id[0]
                if not first or first not in given:
                    continue
                said = given[first][language]
                message.string = said if isinstance(message.id, str) else tuple(said.split(" | "))
            buffer = io.BytesIO()
            write_po(buffer, catalogue, width=120, omit_header=True, include_lineno=False)
            file.write_text(head + mark + buffer.getvalue().decode(), encoding="utf-8")


def main() -> int:
    """Do what the first argument says."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=True)
    verb = sys.argv[1] if len(sys.argv) > 1 else "check"
    if verb == "update":
        update()
        return 0
    if verb == "fill":
        fill(Path(sys.argv[2]))
        return 0
    if verb == "compile":
        compile_all()
        return 0
    count = missing()
    if count:
        print(f"{count} texts are not complete in every language: run ./dev messages and fill them.")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
