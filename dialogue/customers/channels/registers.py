"""What channels add: permissions, audit words, settings, the sending job, pages, the card's buttons."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels import returns, unsubscribing  # noqa: F401  their verbs register themselves
from dialogue.customers.channels.actions import SEND_JOB
from dialogue.customers.channels.cards import delivery_details, mailing_details, touch_details
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.sending import send_job
from dialogue.customers.parties.cards import CardButton, card_buttons
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.details import OF_SOURCE, ComposeButton, compose_buttons, entry_details
from dialogue.customers.timeline.kinds import IN, OWN, EntryKind, entry_kinds
from dialogue.kit.menu import MenuItem, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.mail.permissions import MailPermission
from dialogue.platform.tenants.registry import Setting, company_settings, optional_rooms

permission_groups.add(
    "channels",
    PermissionGroup(
        label=_("Messages"),
        permissions={
            ChannelPermission.SEND: _("Write letters to customers"),
            ChannelPermission.TEMPLATE: _("Prepare letters for others"),
            ChannelPermission.MAILING: _("Send, pause and stop mailings"),
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
event_words.add("letter.returned", _("took note of a returned letter"))
event_words.add("letter.complained", _("took note of a complaint about spam"))
event_words.add("letter.settings", _("changed the settings of letters"))
event_words.add("letter.template_saved", _("saved a prepared letter"))
event_words.add("letter.template_removed", _("removed a prepared letter"))
event_words.add("mailing.opened", _("prepared a mailing"))
event_words.add("mailing.planned", _("planned letters of a mailing"))
event_words.add("mailing.started", _("started a mailing"))
event_words.add("mailing.paused", _("paused a mailing"))
event_words.add("mailing.resumed", _("let a mailing go on"))
event_words.add("mailing.cancelled", _("stopped a mailing"))
event_words.add("mailing.canary_good", _("found the first part of a mailing well received"))
event_words.add("mailing.canary_bad", _("paused a mailing after its first part"))
event_words.add("mailing.sent_again", _("sent letters of unknown outcome again"))
event_words.add("mailing.taken_as_arrived", _("took letters of unknown outcome as arrived"))
event_words.add("mailing.done", _("sent the last letter of a mailing"))
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
    "mail_mark_returns",
    Setting(
        label=_("Mark the return address of each letter"),
        kind=bool,
        default=False,
        hint=_(
            "What comes back then names its letter for certain. Your mail server must take addresses with a plus: bounces+…@ beside bounces@."
        ),
        section="mail",
    ),
)
company_settings.add(
    "mail_per_domain",
    Setting(
        label=_("Letters of mailings a minute to one mail domain"),
        kind=int,
        default=600,
        most=1_000_000,
        hint=_(
            "Large mail providers turn away who sends faster than they are used to. 0 means as fast as the server takes them."
        ),
        section="mail",
    ),
)
company_settings.add(
    "mail_postal_address",
    Setting(
        label=_("Postal address under letters"), kind=str, default="", hint=_("Many countries ask for it."), section="mail"
    ),
)

entry_kinds.add("marked_spam", EntryKind(_("complained about spam"), IN))
entry_kinds.add("out_of_office", EntryKind(_("automatic answer"), OWN))
job_kinds.add(SEND_JOB, JobKind(run=send_job))


def _write(party: Party) -> str:
    return reverse("letter_new", args=[party.pk])


entry_details.add("delivery", delivery_details)
entry_details.add("mailing", mailing_details)
entry_details.add(OF_SOURCE, touch_details)
compose_buttons.add("letter", ComposeButton(_("Write a letter"), _write, permission=ChannelPermission.SEND))
card_buttons.add("write", CardButton(_("Write"), _write, permission=ChannelPermission.SEND, dialog=True, key="w"), weight=20)
settings_items.add(
    "letters", MenuItem(label=_("Letters"), url_name="mail_settings", permission=MailPermission.SERVER), weight=300
)
settings_items.add("senders", MenuItem(label=_("Senders"), url_name="senders", permission=MailPermission.IDENTITY), weight=310)
settings_items.add(
    "prepared_letters",
    MenuItem(label=_("Prepared letters"), url_name="letter_templates", permission=ChannelPermission.TEMPLATE),
    weight=320,
)
settings_items.add(
    "stop_list", MenuItem(label=_("Stop list"), url_name="stop_list", permission=ChannelPermission.SUPPRESS), weight=330
)
settings_items.add(
    "mailings", MenuItem(label=_("Mailings"), url_name="mailings", permission=ChannelPermission.MAILING), weight=325
)
settings_items.add(
    "mailbox", MenuItem(label=_("Local mailbox"), url_name="mailbox", permission=ChannelPermission.SETTINGS), weight=340
)
optional_rooms.add("channels", _("Letters"))
