"""The catalogue of permissions: each room declares its own as an enum with words for the role screen."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry


@frozen
class PermissionGroup:
    """The permissions of one room, labelled; `kind` names the records whose reach (own, team, all) a role sets."""

    label: str | Promise
    permissions: dict[StrEnum, str | Promise]
    kind: str = ""


permission_groups: Registry[PermissionGroup] = Registry("permission groups")


def all_permissions() -> dict[str, str | Promise]:
    """Return every permission of the installation with its label."""
    return {str(name): label for group in permission_groups for name, label in group.permissions.items()}


def refuse_unknown(names: list[str]) -> None:
    """Refuse names that no room declares.

    Raises:
        KeyError: lists the unknown names.
    """
    unknown = sorted(set(names) - set(all_permissions()))
    if unknown:
        raise KeyError(", ".join(unknown))
