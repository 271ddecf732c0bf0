"""Tell members what they should know; find who is mentioned in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dialogue.kit.actors import Actor
from dialogue.platform.accounts.models import Membership
from dialogue.platform.notices.kinds import MENTION, notice_kinds
from dialogue.platform.notices.models import Notice

AT = re.compile(r"(?<![\w@.])@(?=\w)")


def notify(users: Iterable[int | None], kind: str, *, title: str, address: str, by: Actor, text: str = "") -> list[Notice]:
    """Tell each active member once, in the caller's transaction; who acted is not told. Return the notices.

    `kind` is registered in `notice_kinds`; `title` names the record, `address` is its path inside the company.

    Raises:
        RegistryError: the kind is unknown.
    """
    notice_kinds.get(kind)
    wanted = {user for user in users if user} - {by.user}
    if not wanted:
        return []
    active = Membership.objects.filter(user_id__in=wanted, is_active=True).values_list("user_id", flat=True)
    rows = [
        Notice(user_id=user, kind=kind, actor_label=by.label[:150], title=title[:200], text=text[:300], address=address[:300])
        for user in sorted(active)
    ]
    return Notice.objects.bulk_create(rows)


def mentioned_in(text: str) -> list[int]:
    """Return the active members whose name or address before the @ follows an @ in the text, in order, each once.

    The longest name wins: "@Anna Petrova" is not "@Anna".
    """
    places = [match.end() for match in AT.finditer(text)]
    if not places:
        return []
    names: list[tuple[str, int]] = []
    for place in Membership.objects.filter(is_active=True).select_related("user"):
        known = {place.user.name, place.user.email.split("@")[0]} - {""}
        names += [(name.casefold(), place.user_id) for name in known]
    names.sort(key=lambda one: -len(one[0]))
    said = text.casefold() if len(text.casefold()) == len(text) else text
    found: list[int] = []
    for start in places:
        who = next((user for name, user in names if _stands_at(said, start, name)), None)
        if who is not None and who not in found:
            found.append(who)
    return found


def _stands_at(text: str, start: int, name: str) -> bool:
    end = start + len(name)
    return text.startswith(name, start) and not (end < len(text) and (text[end].isalnum() or text[end] == "_"))


def tell_mentioned(text: str, *, title: str, address: str, by: Actor, already: str = "") -> list[Notice]:
    """Tell those mentioned in a comment; who was mentioned in the text before (`already`) is not told again."""
    told = set(mentioned_in(already)) if already else set()
    return notify(
        [user for user in mentioned_in(text) if user not in told], MENTION, title=title, address=address, by=by, text=text
    )
