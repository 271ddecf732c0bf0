"""`./dev bench [ROW …] [--small] [--no-peer] [--people N]`: one JSON line per row, with the peer's figure of the same run as its baseline.

`marketing` measures everything promised of a million customers, each row with its goal, and ends with a table of all of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from bench import campaigns, desk, imports, mail, segments, tracking, warehouse
from bench.client import peers
from bench.install import install

PARTS: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "warehouse": warehouse.marketing,
    "segments": segments.rows,
    "campaigns": campaigns.rows,
    "tracking": tracking.tracking,
    "mail": mail.mail,
}


def told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print the rows as they are known; return them."""
    for one in rows:
        print(json.dumps(one), flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows for a reader: the measure, its goal, whether it is met."""
    lines = []
    for one in rows:
        of_ratio = "at_least" in one
        goal = f"{one['at_least']:g} times" if of_ratio else f"at most {one['at_most']:g}"
        lines.append(
            f"{one['name']:<28} {one['value']:>12,.10g} {one['unit']:<20} {one['ratio']:>7g} times {one['baseline']:<12,.10g}"
            f" goal {goal:<14} {'met' if one['met'] else 'NOT MET'}"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    asked.add_argument(
        "rows",
        nargs="*",
        help="desk (the default), import.copy, marketing (or its parts: warehouse, segments, campaigns, tracking, mail), install, all",
    )
    asked.add_argument("--small", action="store_true", help="a tenth of the rows: to see that everything runs")
    asked.add_argument("--people", type=int, metavar="N", help="copy and count so many narrow rows beside a tenth of them, too")
    asked.add_argument("--no-peer", action="store_true", help="only our side")
    given = asked.parse_args()
    rows = given.rows or ([] if given.people else ["desk"])
    theirs: dict[str, Any] | None = None
    if "import.copy" in rows or "all" in rows:
        print(json.dumps(imports.import_copy(small=given.small)), flush=True)
    parts = [part for part in PARTS if {part, "marketing", "all"} & set(rows)]
    found = [one for part in parts for one in told(PARTS[part](small=given.small))]
    if given.people:
        found += told(warehouse.many(given.people))
    if found:
        print(table(found), file=sys.stderr, flush=True)
    if any(row.startswith("desk") or row == "all" for row in rows):
        helpers = peers()
        if helpers is not None:
            print(json.dumps({"calibration": helpers.calibrate()}), flush=True)
        ours = desk.ours(small=given.small)
        theirs = None if given.no_peer else desk.peer(small=given.small)
        if theirs is not None:
            print(json.dumps({"peer": theirs}), flush=True)
        for one in desk.lines(ours, theirs):
            print(json.dumps(one), flush=True)
    if "install" in rows or "all" in rows:
        print(json.dumps(install(theirs["database_setup_s"] if theirs else None)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
