"""Tables as people's programs write them."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.platform.imports.reading.cells import index_of, letter_of
from dialogue.platform.imports.reading.opening import open_table
from dialogue.platform.imports.reading.reasons import FileRefused

RUSSIAN = "Имя;Город;Сумма\nАнна Щукина;Ёлки-Палки;1 520 000 руб.\nПётр Жуков;Санкт-Петербург;15,50\n"
ROMANIAN = "Nume;Oraș;Sumă\nȘtefan Țepeș;București;1.520,50\nIoana Mănescu;Târgu Mureș;20,00\n"
UKRAINIAN = "Ім'я;Місто;Сума\nГанна Їжакевич;Київ;1 520,50\nЄвген Ґудзь;Запоріжжя;20,00\n"


def write(folder: Path, content: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, **options: object) -> list[list[object]]:
    return [row.cells for row in open_table(path, **options).rows() if row.refused is None]


def refusals(path: Path, **options: object) -> list[tuple[int, str]]:
    return [(row.number, row.refused.code) for row in open_table(path, **options).rows() if row.refused]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((RUSSIAN, name) for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "koi8-r", "cp866")),
        *((UKRAINIAN, name) for name in ("utf-8-sig", "utf-16", "cp1251", "koi8-u")),
        *((ROMANIAN, name) for name in ("utf-8", "utf-16-be", "iso8859_16")),
        *((ROMANIAN.translate(str.maketrans("ȘșȚț", "ŞşŢţ")), name) for name in ("cp1250", "iso8859-2")),
    ],
)
def test_any_encoding_is_read_right(tmp_path: Path, text: str, encoding: str) -> None:
    path = write(tmp_path, text.replace("\n", "\r\n").encode(encoding))
    language = "ro" if "Nume" in text else "ru"
    table = open_table(path, language=language)
    expected = text.translate(str.maketrans("ŞşŢţ", "ȘșȚț"))
    lines = [line.split(";") for line in expected.splitlines()]
    assert [table.headers, *[row.cells for row in table.rows()]] == lines


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_any_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = f"a{delimiter}b{delimiter}c\n" + f'1{delimiter}"x, y; z"{delimiter}3\n' * 3
    assert read(write(tmp_path, text.encode())) == [["1", "x, y; z", "3"]] * 3


def test_excels_own_delimiter_line_is_obeyed(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, b"sep=|\r\na|b\r\n1|2\r\n"))
    assert table.headers == ["a", "b"]
    assert [row.cells for row in table.rows()] == [["1", "2"]]


def test_broken_quotes_cost_their_row_only(tmp_path: Path) -> None:
    text = 'name;city\nA;"x"y"\nB;Moscow\nC;"never closed\nD;Kazan\n"E";"two\nlines"\nF;"broken" tail\nG;Omsk\n'
    path = write(tmp_path, text.encode())
    assert read(path) == [["B", "Moscow"], ["D", "Kazan"], ["E", "two\nlines"], ["G", "Omsk"]]
    assert refusals(path) == [(2, "row-quotes"), (4, "row-quotes"), (7, "row-quotes")]


def test_too_many_values_are_refused_by_row_and_missing_ones_are_empty(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b\n1,2,3\n1\n1,2,\n")
    assert read(path) == [["1", ""], ["1", "2"]]
    assert refusals(path) == [(2, "row-wide")]


def test_damaged_bytes_are_refused_by_row(tmp_path: Path) -> None:
    content = "имя;город\nАнна;Москва\nПётр;Казань\n".encode() + "Иван;Омск\n".encode()[:5] + b"\xff;x\nC\x00;d\n"
    path = write(tmp_path, content)
    assert [number for number, _code in refusals(path)] == [4, 5]
    assert len(read(path)) == 2


def test_ten_thousand_columns_are_refused(tmp_path: Path) -> None:
    wide = ",".join(f"c{number}" for number in range(10_000))
    with pytest.raises(FileRefused) as caught:
        open_table(write(tmp_path, f"{wide}\n{wide}\n".encode()))
    assert caught.value.reason.code == "file-columns"
    assert "10000" in str(caught.value.reason)


def test_large_and_empty_files_are_refused(tmp_path: Path, settings: object) -> None:
    settings.IMPORT_MAX_MB = 1
    for content, code in ((b"", "file-empty"), (b"a,b\n" + b"1,2\n" * 300_000, "file-too-large"), (b"\n\n", "file-empty")):
        with pytest.raises(FileRefused) as caught:
            open_table(write(tmp_path, content))
        assert caught.value.reason.code in {code, "file-no-header"}


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"%PDF-1.7 x", "a.pdf", "file-kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "file-old-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx", "file-locked"),
        (b"PK\x03\x04 not a zip", "a.xlsx", "file-damaged"),
        (b"PAR1 not a table PAR1", "a.parquet", "file-damaged"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path: Path, content: bytes, name: str, code: str) -> None:
    with pytest.raises(FileRefused) as caught:
        open_table(write(tmp_path, content, name))
    assert caught.value.reason.code == code
    assert str(caught.value.reason) != code


def book(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("Лист")
        sheet.write_row(1, 1, ["Имя", "Сумма"])
        sheet.write_row(2, 1, ["Анна", 1520000.5])
        sheet.write_string(3, 1, "Пётр")
        sheet.write_formula(3, 2, "=1+1", value="")
        sheet.write_string(4, 1, "Ольга")
        sheet.write_formula(4, 2, "=2*3", value=6)
        sheet.write_string(5, 1, "Иван")
        sheet.write_formula(5, 2, "=1/0", value="#DIV/0!")
        sheet.write_formula(8, 2, "=9", value="")
        made.add_worksheet("Second").write_row(0, 0, ["x"])
    return path


def test_workbook_uses_saved_results_and_refuses_formulas_without_one(tmp_path: Path) -> None:
    path = book(tmp_path / "book.xlsx")
    table = open_table(path)
    assert table.facts["sheets"] == ["Лист", "Second"]
    assert [cells[1:] for cells in read(path)] == [["Анна", 1520000.5], ["Ольга", 6.0]]
    assert refusals(path) == [(4, "cell-formula"), (6, "cell-error"), (9, "cell-formula")]
    assert open_table(path, reading={"sheet": "Second"}).headers == ["x"]
    with pytest.raises(FileRefused):
        open_table(path, reading={"sheet": "Third"})


def test_zip_bomb_is_refused_without_being_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/x.xml", "w", force_zip64=True) as part,
    ):
        for _block in range(1100):
            part.write(b"\0" * (1 << 20))
    with pytest.raises(FileRefused) as caught:
        open_table(path)
    assert caught.value.reason.code == "file-bomb"


def test_parquet_is_read(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "t.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS id, 'Ёж' AS name, 2.5::DOUBLE AS price, NULL AS note) TO '{path}' (FORMAT parquet)")
    table = open_table(path)
    assert table.headers == ["id", "name", "price", "note"]
    assert [row.cells for row in table.rows()] == [[1, "Ёж", 2.5, None]]


@given(st.integers(min_value=0, max_value=20_000))
def test_letters_of_columns_come_back(index: int) -> None:
    assert index_of(letter_of(index)) == index


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufffd"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_what_the_csv_writer_wrote_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([("first", "second"), *rows])
    expected = [list(row) for row in rows if any(cell.strip() for cell in row)]
    assert read(path, reading={"delimiter": ","}) == expected


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers())
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, seed: int) -> None:
    path = tmp_path_factory.mktemp("raw") / random.Random(seed).choice(["a.csv", "a.xlsx", "a.parquet"])
    path.write_bytes(content)
    try:
        table = open_table(path)
        for row in table.rows():
            assert row.refused or len(row.cells) == len(table.headers)
    except FileRefused as refused:
        said = str(refused.reason)
    else:
        said = "read"
    assert said
