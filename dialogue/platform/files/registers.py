"""What files add: audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.platform.audit.events import event_words

event_words.add("file.kept", _("added a file"))
event_words.add("file.attached", _("attached a file"))
event_words.add("file.removed", _("removed a file"))
