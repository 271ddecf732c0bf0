"""Write the reference of the rule language into its guide, from what the program really knows.

usage: python tools/rules.py
"""

from __future__ import annotations

import os
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guides" / "segments.md"


def main() -> None:
    """Rewrite the reference between its marks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    import django

    django.setup()
    from dialogue.platform.criteria.reference import with_reference

    GUIDE.write_text(with_reference(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
