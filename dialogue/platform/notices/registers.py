"""What notices add: their kinds' words."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.reference import COMPANY, Reference, references
from dialogue.platform.notices.kinds import JOB_DONE, JOB_FAILED, MENTION, UNREAD, notice_kinds

notice_kinds.add(MENTION, _("mentioned you"))
notice_kinds.add(JOB_DONE, _("finished a job you started"))
notice_kinds.add(JOB_FAILED, _("could not finish a job you started"))

# The count is its own stamp: the bell reads it with no query of its own.
references.add(
    UNREAD,
    Reference(
        sql=f"SELECT count(*)::text FROM notices_notice n WHERE n.tenant_id = {COMPANY}"
        " AND n.user_id = %(user)s AND n.read_at IS NULL"
    ),
)
