"""The timeline: what we said, what came back, what we noted. Append-only, partitioned by year, narrow rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from dialogue.customers.parties.models import Party, parties_in_sight
from dialogue.customers.timeline.kinds import EntryKind, entry_kinds
from dialogue.kit.actors import Actor
from dialogue.kit.rows import TenantManager, TenantRow
from dialogue.kit.statement import Statement, one_of


class Side(models.TextChoices):
    """Who spoke."""

    OUT = "out", _("we said")
    IN = "in", _("the customer answered")
    OWN = "own", _("our notes")


class Way(models.TextChoices):
    """Over which channel."""

    EMAIL = "email", _("e-mail")
    CALL = "call", _("call")
    SMS = "sms", _("text message")
    MESSENGER = "messenger", _("messenger")
    POST = "post", _("post")
    MEETING = "meeting", _("meeting")
    EVENT = "event", _("event")
    SITE = "site", _("site")
    SHOP = "shop", _("shop")
    NONE = "", _("no channel")


class EntryQuerySet(models.QuerySet["Entry"]):
    """Reads of the timeline."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the entries of the customers the actor may see."""
        return self.filter(parties_in_sight(actor))

    def touches(self) -> Self:
        """Return what we said."""
        return self.filter(side=Side.OUT)

    def responses(self) -> Self:
        """Return what came back."""
        return self.filter(side=Side.IN)

    def of(self, party: Party | int) -> Self:
        """Return one customer's entries."""
        return self.filter(party_id=party.pk if isinstance(party, Party) else party)

    def newest(self) -> Self:
        """Return them from the newest to the oldest."""
        return self.order_by("-at", "-id")

    def older_than(self, at: datetime, pk: int) -> Self:
        """Return what follows the entry `(at, pk)` in the order of `newest`."""
        return self.filter(at__lte=at).exclude(at=at, id__gte=pk)


BLOOM = "text_bloom_ops(n_distinct_per_range=16, false_positive_rate=0.05)"
EntryManager = TenantManager.from_queryset(EntryQuerySet)


class Entry(TenantRow):
    """One moment of the dialogue with a customer: a touch (`out`), a response (`in`) or a note of ours (`own`).

    `touch` is the bare id of the touch a response answers; `source` of the campaign or step; `ref_kind` and `ref_id` name
    the record it speaks of (a delivery, deal, purchase). The table's key in PostgreSQL is (id, at): a partition per year.
    """

    at = models.DateTimeField(_("when"), default=timezone.now)
    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="entries")
    side = models.CharField(_("who spoke"), max_length=3, choices=Side)
    kind = models.CharField(_("kind"), max_length=24)
    way = models.CharField(_("channel"), max_length=9, choices=Way, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(_("text"), null=True, blank=True)
    touch = models.BigIntegerField(null=True, blank=True)
    source = models.BigIntegerField(_("campaign"), null=True, blank=True)
    ref_kind = models.CharField(max_length=20, blank=True)
    ref_id = models.BigIntegerField(null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    facts = models.JSONField(null=True, blank=True)
    by = models.BigIntegerField(null=True, blank=True)

    objects: ClassVar[EntryManager[Self]] = EntryManager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(side__in=Side.values), name="timeline_side_known")]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "party", "-at"], name="timeline_of_party"),
            # Many entries share a moment: PostgreSQL keeps equal keys once.
            models.Index(fields=["tenant_id", "at"], name="timeline_newest"),
            # A fifth of a byte an entry: which pages of the table hold what a filter asks for (decision 0050).
            BrinIndex(
                fields=["tenant_id", "kind", "way", "side", "by"],
                name="timeline_by_kind",
                opclasses=["int8_minmax_ops", BLOOM, BLOOM, BLOOM, "int8_minmax_multi_ops(values_per_range=8)"],
                pages_per_range=8,
            ),
            models.Index(fields=["tenant_id", "touch"], name="timeline_of_touch", condition=models.Q(touch__isnull=False)),
            models.Index(
                fields=["tenant_id", "source", "side"], name="timeline_of_source", condition=models.Q(source__isnull=False)
            ),
            models.Index(
                fields=["tenant_id", "ref_kind", "ref_id"], name="timeline_of_ref", condition=models.Q(ref_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.words)

    @property
    def declared(self) -> EntryKind:
        """What the entry's kind says of itself."""
        return entry_kinds.find(self.kind) or EntryKind(self.kind, self.side)

    @property
    def words(self) -> Any:
        """The kind in words."""
        return self.declared.label

    @property
    def money(self) -> Money | None:
        """The sum the entry speaks of."""
        return Money(self.amount, self.currency) if self.amount is not None and self.currency else None


class EntryWords(TenantRow):
    """What an entry is found by, in Latin letters with their trigrams, beside the narrow rows of the timeline.

    A trigger forgets the words of entries that are deleted, whoever deletes them.
    """

    entry = models.BigIntegerField()
    found = models.TextField(blank=True)
    grams = ArrayField(models.IntegerField(), default=list)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "entry"], name="entry_words_once")]
        indexes: ClassVar = [GinIndex(fields=["grams"], name="entry_words_grams")]

    def __str__(self) -> str:
        return self.found[:80]


def _answers(touches: tuple[int, ...]) -> models.QuerySet[Entry]:
    return Entry.objects.filter(one_of("touch", touches)).order_by("at", "id")


ANSWERS = Statement(_answers)


def answers_to(touches: Iterable[int]) -> dict[int, list[Entry]]:
    """Return `{touch: its responses, the oldest first}`."""
    asked = tuple(touches)
    found: dict[int, list[Entry]] = {}
    for entry in ANSWERS.rows(touches=asked) if asked else ():
        found.setdefault(entry.touch or 0, []).append(entry)
    return found
