"""Days and moments of a rule that move with the clock: stand-ins in a kept question, the present ones when it is asked.

"Within 90 days" means another moment at every question; compiling the rule anew for that takes longer than the answer.
"""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dialogue.kit.frozen import frozen, record
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import bounds_in_time

RELATIVE = {"within", "next", "older_than", "period"}
# No rule's own day is taken to lie in this year or later.
STAND_INS = 9000
FIRST = datetime(STAND_INS, 1, 1)  # noqa: DTZ001  marts keep moments of UTC without saying so


@frozen
class Moving:
    """What moves: the edge at `place` of a relative operator, or with the words "now" and "today" these."""

    operator: str
    kind: FieldKind = FieldKind.MOMENT
    value: str = ""
    place: int = 0

    def value_for(self, asking: Asking) -> Any:
        """Return the day or aware moment it is for this question."""
        if self.operator == "now":
            return asking.now
        if self.operator == "today":
            return asking.now.astimezone(asking.zone).date()
        return bounds_in_time(self.kind, self.operator, self.value, asking)[self.place][1]


@record
class Clock:
    """What moves in one question; `stand_ins` in the order of their places."""

    stand_ins: list[tuple[Moving, datetime | date]] = field(default_factory=list)
    _by_edge: dict[int, tuple[Any, datetime | date]] = field(default_factory=dict)

    def moving(self, edge: Any, what: Moving) -> Any:
        """Note that this very day or moment moves, and return it."""
        known = next((stand_in for one, stand_in in self.stand_ins if one == what), None)
        if known is None:
            number = len(self.stand_ins)
            known = FIRST + timedelta(seconds=number) if isinstance(edge, datetime) else FIRST.date() + timedelta(days=number)
            self.stand_ins.append((what, known))
        self._by_edge[id(edge)] = (edge, known)
        return edge

    def stand_in(self, edge: Any) -> Any:
        """Return what stands for this very day or moment in the question, None where it does not move."""
        found = self._by_edge.get(id(edge))
        return found[1] if found else None


def set_clock(sql: str, stand_ins: list[tuple[Moving, datetime | date]], asking: Asking) -> str:
    """Return the question with the present days and moments in the place of their stand-ins, as DuckDB writes them."""
    for moving, stand_in in stand_ins:
        sql = sql.replace(_written(stand_in), _present(moving.value_for(asking)))
    return sql


def _written(stand_in: datetime | date) -> str:
    if isinstance(stand_in, datetime):
        at = stand_in
        return f"MAKE_TIMESTAMP({at.year}, {at.month}, {at.day}, {at.hour}, {at.minute}, {at.second}.0)"
    return f"MAKE_DATE({stand_in.year}, {stand_in.month}, {stand_in.day})"


def _present(value: datetime | date) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}'"
    return f"DATE '{value.isoformat()}'"
