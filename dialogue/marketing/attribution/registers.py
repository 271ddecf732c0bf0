"""What attribution adds: permissions, settings, the night's work, explanations beside purchases and deals."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.timeline.details import answer_details
from dialogue.kit.menu import MenuItem, settings_items
from dialogue.kit.night import night_works
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.marketing.attribution.actions import follow_late_answers
from dialogue.marketing.attribution.permissions import AttributionPermission
from dialogue.marketing.attribution.views import deal_box, purchase_box, purchase_details
from dialogue.platform.audit.events import event_words
from dialogue.platform.tenants.registry import Setting, company_settings
from dialogue.selling.deals.card import DealPanel, deal_panels
from dialogue.selling.purchases.boxes import purchase_boxes

permission_groups.add(
    "attribution",
    PermissionGroup(
        label=_("Attribution"),
        permissions={
            AttributionPermission.READ: _("See what brought purchases and deals"),
            AttributionPermission.WRITE: _("Set the rule of attribution"),
        },
    ),
    weight=436,
)
event_words.add("attribution.windows", _("changed the rule of attribution"))
company_settings.add(
    "attribution_deed_days",
    Setting(
        label=_("Days after an answer"),
        kind=int,
        default=30,
        hint=_("A purchase within so many days after a link followed, an answer, a call or a visit is put down to it."),
        section="attribution",
        least=1,
        most=365,
    ),
)
company_settings.add(
    "attribution_delivered_days",
    Setting(
        label=_("Days after a message"),
        kind=int,
        default=7,
        hint=_(
            "Without an answer, a purchase within so many days after a message that arrived is put down to it: a weak sign."
        ),
        section="attribution",
        least=0,
        most=365,
    ),
)
night_works.add("attribution", follow_late_answers)
settings_items.add(
    "attribution",
    MenuItem(label=_("Attribution"), url_name="attribution", permission=AttributionPermission.WRITE),
    weight=350,
)
answer_details.add("purchase", purchase_details)
purchase_boxes.add("attribution", purchase_box)
deal_panels.add("attribution", DealPanel(_("What brought it"), deal_box, order=60))
