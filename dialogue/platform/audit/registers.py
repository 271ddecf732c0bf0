"""What the audit room says of its own events."""

from django.utils.translation import gettext_lazy as _

from dialogue.platform.audit.events import event_words

event_words.add("job.cancelled", _("stopped a background job"))
event_words.add("job.retried", _("ran a background job again"))
