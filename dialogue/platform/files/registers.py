"""What files add: audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.files.actions import forget_bytes
from dialogue.platform.files.models import StoredFile

event_words.add("file.kept", _("added a file"))
event_words.add("file.attached", _("attached a file"))
event_words.add("file.removed", _("removed a file"))

record_kinds.add(
    "files.storedfile",
    RecordKind(
        label=_("File"),
        plural=_("Files"),
        visible_to=StoredFile.objects.visible_to,
        url_name="file_open",
        forget=forget_bytes,
    ),
    weight=90,
)
