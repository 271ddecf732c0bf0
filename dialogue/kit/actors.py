"""Who acts: a member, a key, the system. Actions ask an actor, never a user model."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from dialogue.kit.frozen import frozen


class Reach(StrEnum):
    """How far a member sees into one kind of record."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


@frozen
class Actor:
    """Somebody (or something) who acts inside one company.

    `user` is the person's id, None for the system. `members` are the users whose records count as the team's.
    """

    tenant: int
    label: str
    kind: str = "user"
    user: int | None = None
    permissions: frozenset[str] = frozenset()
    reach: dict[str, Reach] = field(default_factory=dict)
    members: frozenset[int] = frozenset()
    everything: bool = False

    def can(self, permission: str) -> bool:
        """Return whether the actor holds the permission."""
        return self.everything or str(permission) in self.permissions

    def reach_of(self, kind: str) -> Reach:
        """Return how far the actor sees among records of `kind`."""
        return Reach.ALL if self.everything else self.reach.get(kind, self.reach.get("*", Reach.OWN))


def system_actor(tenant: int, label: str = "Dialogue") -> Actor:
    """Return the actor of scheduled work and imports by command: it may do everything inside its company."""
    return Actor(tenant=tenant, label=label, kind="system", everything=True)
