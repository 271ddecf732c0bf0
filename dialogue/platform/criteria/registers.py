"""What criteria add: the permission to define fields, and audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.menu import MenuItem, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import Reference, references
from dialogue.platform.audit.events import event_words
from dialogue.platform.criteria.models import DEFINITIONS
from dialogue.platform.criteria.permissions import CriteriaPermission

permission_groups.add(
    "criteria",
    PermissionGroup(label=_("Characteristics"), permissions={CriteriaPermission.DEFINE: _("Define characteristics")}),
    weight=890,
)
event_words.add("characteristic.defined", _("defined a characteristic"))
event_words.add("characteristic.changed", _("changed a characteristic"))
event_words.add("characteristic.archived", _("took a characteristic out of use"))
event_words.add("characteristic.restored", _("put a characteristic back into use"))
settings_items.add(
    "characteristics",
    MenuItem(label=_("Characteristics"), url_name="characteristics", permission=CriteriaPermission.DEFINE),
    weight=40,
)
references.add(DEFINITIONS, Reference(models=("criteria.Characteristic",)))
