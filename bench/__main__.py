"""`./dev bench [ROW …] [--small] [--no-peer]`: one JSON line per row, with the peer's figure of the same run as its baseline."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bench import campaigns, desk, imports, mail, segments, tracking, warehouse
from bench.client import peers
from bench.install import install


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    asked.add_argument(
        "rows", nargs="*", help="desk (the default), import.copy, segments, marketing, mail, tracking, install, all"
    )
    asked.add_argument("--small", action="store_true", help="a tenth of the rows: to see that everything runs")
    asked.add_argument("--no-peer", action="store_true", help="only our side")
    given = asked.parse_args()
    rows = given.rows or ["desk"]
    theirs: dict[str, Any] | None = None
    if "import.copy" in rows or "all" in rows:
        print(json.dumps(imports.import_copy(small=given.small)), flush=True)
    if "marketing" in rows or "all" in rows:
        for one in [*warehouse.marketing(small=given.small), *campaigns.rows(small=given.small)]:
            print(json.dumps(one), flush=True)
    if {"tracking"} & set(rows):
        for one in tracking.tracking(small=given.small):
            print(json.dumps(one), flush=True)
    if {"marketing", "mail", "all"} & set(rows):
        for one in [*tracking.tracking(small=given.small), *mail.mail(small=given.small)]:
            print(json.dumps(one), flush=True)
    if "segments" in rows or "all" in rows:
        for one in segments.rows(small=given.small):
            print(json.dumps(one), flush=True)
    if any(row.startswith("desk") or row == "all" for row in rows):
        helpers = peers()
        if helpers is not None:
            print(json.dumps({"calibration": helpers.calibrate()}), flush=True)
        found = desk.ours(small=given.small)
        theirs = None if given.no_peer else desk.peer(small=given.small)
        if theirs is not None:
            print(json.dumps({"peer": theirs}), flush=True)
        for one in desk.lines(found, theirs):
            print(json.dumps(one), flush=True)
    if "install" in rows or "all" in rows:
        print(json.dumps(install(theirs["database_setup_s"] if theirs else None)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
