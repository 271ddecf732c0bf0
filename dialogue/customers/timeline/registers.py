"""What the timeline adds: permissions, audit words and the kinds every company knows, its fields and pages."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.cards import Panel, Place, card_panels
from dialogue.customers.timeline import imports, marts  # noqa: F401  what they declare joins the registries
from dialogue.customers.timeline.details import ComposeButton, compose_buttons
from dialogue.customers.timeline.feed import first_page
from dialogue.customers.timeline.kinds import IN, OUT, OWN, EntryKind, entry_kinds
from dialogue.customers.timeline.lists import EVENTS
from dialogue.customers.timeline.permissions import TimelinePermission
from dialogue.customers.timeline.views import panel
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.lists.pages import list_pages

permission_groups.add(
    "timeline",
    PermissionGroup(
        label=_("Dialogue with customers"),
        permissions={
            TimelinePermission.WRITE: _("Record calls, notes, letters and answers"),
            TimelinePermission.STRIKE: _("Remove other people's entries"),
        },
    ),
    weight=230,
)

entry_kinds.add("letter", EntryKind(_("Letter"), OUT))
entry_kinds.add("call", EntryKind(_("Phone call"), OUT, by_hand=True))
entry_kinds.add("call_missed", EntryKind(_("Call, not reached"), OUT, by_hand=True))
entry_kinds.add("meeting", EntryKind(_("Meeting"), OUT, by_hand=True))
entry_kinds.add("message", EntryKind(_("Message"), OUT, by_hand=True))
entry_kinds.add("post_letter", EntryKind(_("Letter by post"), OUT, by_hand=True))
entry_kinds.add("campaign", EntryKind(_("Campaign"), OUT))

entry_kinds.add("reply", EntryKind(_("answered"), IN, by_hand=True))
entry_kinds.add("called", EntryKind(_("called"), IN, by_hand=True))
entry_kinds.add("came", EntryKind(_("came"), IN, by_hand=True))
entry_kinds.add("accepted", EntryKind(_("accepted the offer"), IN, by_hand=True))
entry_kinds.add("refused", EntryKind(_("said no"), IN, by_hand=True))
entry_kinds.add("complaint", EntryKind(_("complained"), IN, by_hand=True))
entry_kinds.add("bought", EntryKind(_("bought"), IN, by_hand=True))
entry_kinds.add("link_followed", EntryKind(_("followed a link"), IN))
entry_kinds.add("opened", EntryKind(_("opened"), IN, indirect=True))
entry_kinds.add("unsubscribed", EntryKind(_("unsubscribed"), IN))
entry_kinds.add("returned", EntryKind(_("came back undelivered"), IN))

entry_kinds.add("note", EntryKind(_("Note"), OWN, by_hand=True))

event_words.add("timeline.touch", _("recorded what was said"))
event_words.add("timeline.response", _("recorded an answer"))
event_words.add("timeline.noted", _("wrote a note"))
event_words.add("timeline.struck", _("removed an entry"))
event_words.add("timeline.recorded", _("recorded many entries"))
event_words.add("timeline.removed", _("removed many entries"))

menu_items.add("events", MenuItem(label=_("Events"), url_name="events", group="work", icon="events"), weight=10)
list_pages.add("events", EVENTS)
card_panels.add(
    "dialogue", Panel(name="dialogue", title=_("Dialogue"), place=Place.MIDDLE, render=panel, order=10, reads=first_page)
)
compose_buttons.add(
    "answer",
    ComposeButton(
        _("Record an answer"),
        lambda party: reverse("party_answer", args=[party.pk]),
        permission=TimelinePermission.WRITE,
    ),
    weight=200,
)
