"""The kinds of notices with the words after the actor's name."""

from __future__ import annotations

from django.utils.functional import Promise

from dialogue.kit.registry import Registry

notice_kinds: Registry[str | Promise] = Registry("notice kinds")
MENTION = "mention"
JOB_DONE = "job.done"
JOB_FAILED = "job.failed"
UNREAD = "notices.unread"
