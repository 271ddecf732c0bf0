"""The roles every company starts with; a company changes them and makes its own."""

from __future__ import annotations

from dataclasses import field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Reach
from dialogue.kit.frozen import frozen
from dialogue.kit.permissions import all_permissions


@frozen
class BuiltInRole:
    """A role made with the company. `holds` picks permissions by their beginning; "*" means every one."""

    code: str
    name: str | Promise
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    everything: bool = False
    reach: dict[str, Reach] = field(default_factory=dict)

    def permissions(self) -> list[str]:
        """Return the declared permissions this role holds."""
        return sorted(
            name
            for name in all_permissions()
            if any(start == "*" or name.startswith(start) for start in self.holds)
            and not any(name.startswith(start) for start in self.lacks)
        )


BUILT_IN = (
    BuiltInRole("owner", _("Owner"), everything=True),
    BuiltInRole("administrator", _("Administrator"), holds=("*",), reach={"*": Reach.ALL}),
    BuiltInRole("manager", _("Manager"), holds=("*",), lacks=("company:",), reach={"*": Reach.ALL}),
    BuiltInRole(
        "employee",
        _("Employee"),
        holds=(
            "parties:",
            "deals:",
            "tasks:",
            "timeline:",
            "channels:send",
            "purchases:read",
            "promotions:coupon:read",
            "segments:segment:read",
            "campaigns:campaign:read",
            "search:",
            "lists:",
        ),
        lacks=("parties:field", "deals:pipeline", "timeline:entry:strike"),
        reach={"*": Reach.TEAM, "party": Reach.ALL},
    ),
    BuiltInRole(
        "marketer",
        _("Marketer"),
        holds=(
            "parties:",
            "tasks:",
            "timeline:",
            "channels:",
            "purchases:",
            "promotions:",
            "segments:",
            "campaigns:",
            "policy:",
            "imports:",
            "search:",
            "lists:",
        ),
        reach={"*": Reach.ALL},
    ),
    BuiltInRole(
        "operator",
        _("Operator"),
        holds=("parties:party", "tasks:task:write", "timeline:", "search:"),
        lacks=("timeline:entry:strike",),
        reach={"*": Reach.ALL},
    ),
)
