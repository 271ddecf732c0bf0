"""What tenants add: the gates of sending that depend on the company."""

from django.utils.translation import gettext as _

from dialogue.kit.scope import current_tenant
from dialogue.platform.mail.gates import Gate, sending_gates
from dialogue.platform.tenants.models import Tenant


def lock_of_company() -> tuple[Gate, str]:
    """A restored company sends nothing until a person unlocks it; a demonstration's letters never leave."""
    locked, demo = Tenant.objects.values_list("sending_locked", "is_demo").get(pk=current_tenant())
    if locked:
        return Gate.SHUT, _("To send again you must unlock sending: this company was restored from a backup.")
    return (Gate.STAY, "") if demo else (Gate.OPEN, "")


sending_gates.add("company", lock_of_company)
