"""What channels add: permissions, audit words, settings, the sending job."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels.actions import SEND_JOB
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.sending import send_job
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.tenants.registry import Setting, company_settings

permission_groups.add(
    "channels",
    PermissionGroup(
        label=_("Messages"),
        permissions={
            ChannelPermission.SEND: _("Write letters to customers"),
            ChannelPermission.TEMPLATE: _("Prepare letters for others"),
            ChannelPermission.SUPPRESS: _("Keep the list of addresses not to be written to"),
            ChannelPermission.SETTINGS: _("Read the local mailbox"),
        },
    ),
    weight=235,
)

event_words.add("letter.written", _("wrote a letter"))
event_words.add("letter.sent_again", _("sent a letter again"))
event_words.add("letter.taken_as_arrived", _("took a letter as arrived"))
event_words.add("letter.cancelled", _("stopped a letter"))
event_words.add("letter.unlocked", _("unlocked sending"))
event_words.add("letter.settings", _("changed the settings of letters"))
event_words.add("letter.template_saved", _("saved a prepared letter"))
event_words.add("letter.template_removed", _("removed a prepared letter"))
event_words.add("suppression.added", _("put an address on the stop list"))
event_words.add("suppression.lifted", _("took an address off the stop list"))

company_settings.add(
    "mail_follow_links",
    Setting(
        label=_("Note when a link in a letter is followed"),
        kind=bool,
        default=True,
        hint=_("Links of letters lead through the tracker; scanners and prefetching do not count."),
        section="mail",
    ),
)
company_settings.add(
    "mail_follow_opens",
    Setting(
        label=_("Note when a letter is opened"),
        kind=bool,
        default=False,
        hint=_("An indirect sign: mail programs open pictures by themselves, and many people do not want it."),
        section="mail",
    ),
)
company_settings.add(
    "mail_postal_address",
    Setting(
        label=_("Postal address under letters"), kind=str, default="", hint=_("Many countries ask for it."), section="mail"
    ),
)

job_kinds.add(SEND_JOB, JobKind(run=send_job))
