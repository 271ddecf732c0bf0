"""What parties add: permissions, audit words, fields, rule leaves, the list, the search kind, menu and commands."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties import actions, bulk, details, imports, marts, merging, panels, warehoused  # noqa: F401  what they declare joins the registries
from dialogue.customers.parties.fields import consent, related
from dialogue.customers.parties.leaf_words import CONSENT, RELATED
from dialogue.customers.parties.lists import CONTACTS
from dialogue.customers.parties.models import TAGS, Party
from dialogue.customers.parties.permissions import KIND, PartyPermission
from dialogue.customers.parties.searching import customers, forget_party
from dialogue.kit.commands import Command, commands
from dialogue.kit.menu import MenuItem, menu_items, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import Reference, references
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.rules import leaves
from dialogue.platform.criteria.warehousing import warehouse_leaves
from dialogue.platform.files.subjects import FileSubject, file_subjects
from dialogue.platform.lists.pages import list_pages
from dialogue.platform.search.kinds import search_kinds

menu_items.add("contacts", MenuItem(label=_("Contacts"), url_name="contacts", group="work", icon="contacts"), weight=20)
settings_items.add("tags", MenuItem(label=_("Tags"), url_name="party_tags", permission=PartyPermission.SETTINGS), weight=42)
settings_items.add(
    "relations",
    MenuItem(label=_("Kinds of relation"), url_name="party_relation_types", permission=PartyPermission.SETTINGS),
    weight=44,
)
list_pages.add("contacts", CONTACTS)
search_kinds.add("party", customers, weight=10)
leaves.add("related", related)
leaves.add("consent", consent)
leaf_forms.add("related", RELATED)
leaf_forms.add("consent", CONSENT)
warehouse_leaves.add("related", warehoused.related)
warehouse_leaves.add("consent", warehoused.consent)
commands.add(
    "party.new",
    Command(
        _("New contact"),
        "party_new",
        permission=PartyPermission.WRITE,
        dialog=True,
        words=_("add customer person company"),
    ),
)

permission_groups.add(
    "parties",
    PermissionGroup(
        label=_("Customers"),
        permissions={
            PartyPermission.WRITE: _("Create and change customers"),
            PartyPermission.ASSIGN: _("Name who is responsible for a customer"),
            PartyPermission.BIN: _("Delete customers and restore them"),
            PartyPermission.CONSENT: _("Record what a customer allows"),
            PartyPermission.SETTINGS: _("Set up tags and kinds of relation"),
        },
        kind=KIND,
    ),
    weight=200,
)

event_words.add("party.created", _("created the customer"))
event_words.add("party.changed", _("changed the customer"))
event_words.add("party.assigned", _("changed who is responsible"))
event_words.add("party.binned", _("put the customer into the bin"))
event_words.add("party.restored", _("restored the customer from the bin"))
event_words.add("party.merged", _("merged two customers"))
event_words.add("party.unmerged", _("took a merge back"))
event_words.add("party.contact_added", _("added a contact"))
event_words.add("party.contact_changed", _("changed a contact"))
event_words.add("party.contact_removed", _("removed a contact"))
event_words.add("party.address_changed", _("changed the address"))
event_words.add("party.related", _("added a relation"))
event_words.add("party.relation_changed", _("changed a relation"))
event_words.add("party.unrelated", _("removed a relation"))
event_words.add("party.tagged", _("changed the tags"))
event_words.add("party.consent", _("recorded a consent"))
event_words.add("tag.changed", _("changed a tag"))
event_words.add("tag.merged", _("merged tags"))
event_words.add("tag.removed", _("deleted a tag"))
event_words.add("relation_type.changed", _("changed a kind of relation"))
event_words.add("relation_type.archived", _("took a kind of relation out of use"))
event_words.add("relation_type.restored", _("put a kind of relation back into use"))
event_words.add("parties.created", _("created many customers"))
event_words.add("parties.changed", _("changed many customers"))
event_words.add("parties.binned", _("put many customers into the bin"))
event_words.add("parties.restored", _("restored many customers from the bin"))

record_kinds.add(
    "parties.party",
    RecordKind(
        label=_("Customer"),
        plural=_("Customers"),
        visible_to=Party.objects.visible_to,
        url_name="party_card",
        reach=KIND,
        responsible="responsible_id",
        permission=PartyPermission.BIN,
        restore=actions.restore_party,
        forget=forget_party,
    ),
    weight=10,
)
file_subjects.add("parties.party", FileSubject(Party.objects.visible_to, permission=PartyPermission.WRITE))
references.add(TAGS, Reference(models=("parties.Tag",)))
