"""What the audit room says of its own events."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.menu import MenuItem, settings_items
from dialogue.platform.audit.events import event_words

event_words.add("job.cancelled", _("stopped a background job"))
event_words.add("job.retried", _("ran a background job again"))
event_words.add("record.restored", _("restored a record from the bin"))
event_words.add("bin.emptied", _("emptied the bin of what lay there for 30 days"))
settings_items.add("history", MenuItem(label=_("History"), url_name="history", permission="company:audit:read"), weight=70)
settings_items.add("bin", MenuItem(label=_("Bin"), url_name="bin"), weight=80)
