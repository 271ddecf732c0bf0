"""What notices add: their kinds' words."""

from django.utils.translation import gettext_lazy as _

from dialogue.platform.notices.kinds import JOB_DONE, JOB_FAILED, MENTION, notice_kinds

notice_kinds.add(MENTION, _("mentioned you"))
notice_kinds.add(JOB_DONE, _("finished a job you started"))
notice_kinds.add(JOB_FAILED, _("could not finish a job you started"))
