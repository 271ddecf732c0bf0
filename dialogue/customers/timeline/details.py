"""What rooms above know of an entry's record: the state of its delivery, what can be done with it, buttons of the compose box."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.functional import Promise

from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.models import Entry
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.platform.accounts.doors import MemberRequest

Words = str | Promise


@frozen
class EntryVerb:
    """A small button under an entry: `dialog` fetches a form into the page's dialog, otherwise the address is posted to."""

    label: Words
    url: str
    dialog: bool = False


@frozen
class EntryDetail:
    """What stands beside an entry: a chip with its state, a line of explanation, verbs, the address of its record.

    `moving` says that it will change soon.
    """

    chip: Words = ""
    tone: str = ""
    words: Words = ""
    verbs: tuple[EntryVerb, ...] = ()
    moving: bool = False
    url: str = ""


@frozen
class ComposeButton:
    """A button beside the compose box that opens another room's dialog for this customer."""

    label: Words
    url: Callable[[Party], str]
    permission: str = ""


Details = Callable[[MemberRequest, Sequence[Entry]], dict[int, EntryDetail]]

# The key of entries that name no record but only their campaign: their details go by the entry's own id.
OF_SOURCE = "source"
# By `ref_kind`: given the entries of one kind, `{ref_id: detail}` in one or two queries.
entry_details: Registry[Details] = Registry("entry details")
# The same for answers: the state of a letter stands at the letter, not at the link that was followed in it.
answer_details: Registry[Details] = Registry("answer details")
compose_buttons: Registry[ComposeButton] = Registry("compose buttons")


def details_of(
    request: MemberRequest, entries: Sequence[Entry], known: Registry[Details] = entry_details
) -> dict[tuple[str, int], EntryDetail]:
    """Return `{(ref_kind, ref_id): detail}` for the entries that speak of a record, by those who know its kind.

    Entries that name only their campaign stand under `(OF_SOURCE, their own id)`.
    """
    found: dict[tuple[str, int], EntryDetail] = {}
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.ref_id is not None:
            by_kind.setdefault(entry.ref_kind, []).append(entry)
        elif entry.source is not None:
            by_kind.setdefault(OF_SOURCE, []).append(entry)
    for kind, held in by_kind.items():
        asked = known.find(kind)
        if asked is not None and asked in known.within(request.company.rooms_off):
            found.update({(kind, pk): detail for pk, detail in asked(request, held).items()})
    return found
