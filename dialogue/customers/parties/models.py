"""People and companies as one record, and what belongs to it: contact points, addresses, relations, consents, tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.db import connection, models
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogue.customers.parties.permissions import KIND
from dialogue.kit.actors import Actor, Reach
from dialogue.kit.rows import BinRow, KeptManager, StampedRow, TenantManager, TenantRow, columns_of, within_reach
from dialogue.kit.scope import current_tenant
from dialogue.platform.accounts.models import User
from dialogue.platform.criteria.models import Characterised, slot_indexes
from dialogue.platform.embedded.functions import SortKey
from dialogue.platform.embedded.writing import int_array

LIVE = models.Q(deleted_at__isnull=True)

# The reference (kit/reference.py) by which pages remember the tags of all entities.
TAGS = "parties.tags"


class PartyKind(models.TextChoices):
    """What a customer is."""

    PERSON = "person", _("person")
    COMPANY = "company", _("company")


class Phase(models.TextChoices):
    """Where the relationship with a customer stands (S3-1)."""

    ACQUIRE = "acquire", _("acquiring")
    DEVELOP = "develop", _("developing")
    KEEP = "keep", _("keeping")
    END = "end", _("ended")


class Decision(models.TextChoices):
    """What somebody does in a company's decision to buy."""

    DECIDES = "decides", _("decides")
    INFLUENCES = "influences", _("influences")
    USES = "uses", _("uses")
    PAYS = "pays", _("pays")


class Sex(models.TextChoices):
    """For the form of address."""

    FEMALE = "f", pgettext_lazy("sex", "female")
    MALE = "m", pgettext_lazy("sex", "male")


def parties_in_sight(actor: Actor) -> models.Q:
    """Return which rows with a `party` are of customers the actor may see; an empty condition where he sees all."""
    if actor.reach_of(KIND) is Reach.ALL:
        return models.Q()
    return models.Q(party__in=Party.objects.visible_to(actor))


class PartyQuerySet(models.QuerySet["Party"]):
    """Reads of customers."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the customers the actor may see: his own, his team's and nobody's, or all."""
        return self.filter(within_reach(actor, KIND))

    def people(self) -> Self:
        """Return the persons."""
        return self.filter(kind=PartyKind.PERSON)

    def companies(self) -> Self:
        """Return the companies."""
        return self.filter(kind=PartyKind.COMPANY)

    def by_name(self) -> Self:
        """Return them in alphabetical order."""
        return self.order_by("name_sort", "id")

    def with_contact(self, kind: str, normals: Iterable[str]) -> Self:
        """Return those who have one of the normalised contact points."""
        points = ContactPoint.objects.filter(kind=kind, normal__in=list(normals))
        return self.filter(pk__in=points.values("party_id"))


PartyManager = KeptManager.from_queryset(PartyQuerySet)
BinnedPartyManager = TenantManager.from_queryset(PartyQuerySet)


class Party(Characterised, BinRow):
    """A person or a company. `name` is what screens show; a person's parts stand beside it.

    `company`, `position` and `decision` are a person's main place of work; further ties are `Relation` rows. `city`,
    `region` and `country` repeat the primary address so that lists filter by them; `legal_name` is the registered name.
    """

    kind = models.CharField(_("kind"), max_length=7, choices=PartyKind)
    name = models.CharField(_("name"), max_length=200)
    name_sort = models.GeneratedField(
        expression=Left(SortKey(models.F("name"), "ro"), 60),
        output_field=models.CharField(max_length=60, db_collation="C"),
        db_persist=True,
    )
    legal_name = models.CharField(_("registered name"), max_length=200, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=40, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    middle_name = models.CharField(_("middle name"), max_length=80, blank=True)
    company = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_constraint=False,
        db_index=False,
        related_name="staff",
        verbose_name=_("company"),
    )
    position = models.CharField(_("position"), max_length=120, blank=True)
    decision = models.CharField(_("role in decisions"), max_length=10, blank=True, choices=Decision)
    birth_on = models.DateField(_("birthday"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=1, blank=True, choices=Sex)
    language = models.CharField(_("language"), max_length=5, blank=True)
    # Empty: that of the country where it has one, else the company's (kit/zones.py).
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    phase = models.CharField(_("phase"), max_length=8, choices=Phase, default=Phase.ACQUIRE)
    phase_since = models.DateTimeField(_("in the phase since"), default=timezone.now, editable=False)
    responsible = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, db_index=False, related_name="+", verbose_name=_("responsible")
    )
    is_customer = models.BooleanField(_("customer"), default=True)
    is_supplier = models.BooleanField(_("supplier"), default=False)
    external_id = models.CharField(_("own number"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    note = models.TextField(_("note"), blank=True)
    source = models.BigIntegerField(_("source"), null=True, blank=True)
    created_by = models.BigIntegerField(null=True, blank=True, editable=False)
    merged_into = models.BigIntegerField(null=True, blank=True, editable=False)

    objects: ClassVar[PartyManager[Self]] = PartyManager()
    with_bin: ClassVar[BinnedPartyManager[Self]] = BinnedPartyManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "external_id"],
                name="party_own_number_once",
                condition=LIVE & ~models.Q(external_id=""),
            ),
            models.CheckConstraint(condition=models.Q(kind__in=PartyKind.values), name="party_kind_known"),
            models.CheckConstraint(condition=models.Q(phase__in=Phase.values), name="party_phase_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "name_sort", "id"], name="party_by_name", condition=LIVE),
            models.Index(fields=["tenant_id", "kind", "name_sort", "id"], name="party_by_kind", condition=LIVE),
            models.Index(fields=["tenant_id", "created_at", "id"], name="party_newest", condition=LIVE),
            models.Index(fields=["tenant_id", "updated_at", "id"], name="party_changed", condition=LIVE),
            models.Index(
                fields=["tenant_id", "responsible", "name_sort", "id"],
                name="party_responsible",
                condition=models.Q(responsible__isnull=False),
            ),
            models.Index(fields=["tenant_id", "company"], name="party_staff", condition=models.Q(company__isnull=False)),
            models.Index(fields=["tenant_id", "city"], name="party_city", condition=~models.Q(city="")),
            models.Index(fields=["tenant_id", "deleted_at"], name="party_binned", condition=~LIVE),
            *slot_indexes("party"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_person(self) -> bool:
        """Whether this is a person."""
        return self.kind == PartyKind.PERSON

    @property
    def initials(self) -> str:
        """Two letters for the round badge."""
        words = [word for word in (self.first_name, self.last_name) if word]
        if len(words) < 2:
            words = [word for word in self.name.split() if word[:1].isalnum()] or [self.name or "?"]
        return "".join(word[0] for word in words[:2]).upper()


class ContactKind(models.TextChoices):
    """How somebody can be reached."""

    EMAIL = "email", _("e-mail")
    PHONE = "phone", _("phone")
    TELEGRAM = "telegram", _("Telegram")
    WHATSAPP = "whatsapp", _("WhatsApp")
    VIBER = "viber", _("Viber")
    SITE = "site", _("site")
    OTHER = "other", _("other contact")


class ContactPoint(StampedRow):
    """One way to reach a party: the value as given and in the normal form by which it is found."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="contacts")
    kind = models.CharField(_("kind"), max_length=8, choices=ContactKind)
    value = models.CharField(_("value"), max_length=254)
    normal = models.CharField(max_length=254, editable=False)
    label = models.CharField(_("label"), max_length=60, blank=True)
    is_primary = models.BooleanField(_("primary"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    bad_at = models.DateTimeField(_("does not work since"), null=True, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        ordering: ClassVar = ["kind", "-is_primary", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "party", "kind", "normal"], name="contact_point_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "kind", "normal"], name="contact_point_normal")]

    def __str__(self) -> str:
        return self.value

    @property
    def dial(self) -> str:
        """The number as a `tel:` link carries it, empty where it cannot be dialled."""
        return self.normal if self.kind == ContactKind.PHONE else ""


class AddressKind(models.TextChoices):
    """What an address is for."""

    HOME = "home", _("home")
    WORK = "work", _("work")
    DELIVERY = "delivery", _("delivery")
    LEGAL = "legal", _("registered")
    OTHER = "other", _("other address")


class Address(StampedRow):
    """A postal address: by parts or in one line (S1-78)."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="addresses")
    kind = models.CharField(_("kind"), max_length=8, choices=AddressKind, default=AddressKind.WORK)
    is_primary = models.BooleanField(_("primary"), default=False)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    street = models.CharField(_("street"), max_length=120, blank=True)
    house = models.CharField(_("house"), max_length=20, blank=True)
    block = models.CharField(_("block"), max_length=20, blank=True)
    flat = models.CharField(_("flat"), max_length=20, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    line = models.CharField(_("address in one line"), max_length=300, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        ordering: ClassVar = ["-is_primary", "id"]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "party"], name="address_party")]

    def __str__(self) -> str:
        parts = [self.postcode, self.region, self.city, self.street, self.house, self.block, self.flat]
        return self.line or ", ".join(part for part in parts if part)


class RelationGroup(models.TextChoices):
    """What a kind of relation is about."""

    FAMILY = "family", _("family")
    EMPLOYMENT = "employment", _("employment")
    OWNERSHIP = "ownership", _("ownership")
    DECISION = "decision", _("decisions")
    BUSINESS = "business", _("business")
    OTHER = "other", _("other relation")


class RelationType(StampedRow):
    """A kind of relation with its words in both directions: "employs" and "works at"."""

    code = models.SlugField(max_length=30)
    group = models.CharField(_("about"), max_length=10, choices=RelationGroup, default=RelationGroup.OTHER)
    forward = models.CharField(_("words from the first to the second"), max_length=80)
    reverse = models.CharField(_("words from the second to the first"), max_length=80)
    built_in = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "code"], name="relation_type_once")]

    def __str__(self) -> str:
        return self.forward


# What a line about a relation says of its type and of both sides.
NAMED = {
    "type": ("code", "forward", "reverse", "position"),
    "first": ("name", "position", "kind"),
    "second": ("name", "position", "kind"),
}


class RelationQuerySet(models.QuerySet["PartyRelation"]):
    """Reads of relations."""

    def of(self, party: Party | int) -> Self:
        """Return the relations of a party from both sides, the living first."""
        return (
            self.filter(models.Q(first=party) | models.Q(second=party))
            .select_related("type", "first", "second")
            .only(*columns_of(self.model), *(f"{path}__{name}" for path, names in NAMED.items() for name in names))
            .order_by(models.F("until").desc(nulls_first=True), "type__position", "id")
        )


RelationManager = TenantManager.from_queryset(RelationQuerySet)


class PartyRelation(StampedRow):
    """A typed and dated tie between two parties: `first` `type.forward` `second`."""

    first = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="ties_out")
    second = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="ties_in")
    type = models.ForeignKey(RelationType, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects: ClassVar[RelationManager[Self]] = RelationManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "first", "second", "type"], name="relation_once", condition=models.Q(until__isnull=True)
            ),
            models.CheckConstraint(condition=~models.Q(first=models.F("second")), name="relation_with_another"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "first", "type"], name="relation_forward"),
            models.Index(fields=["tenant_id", "second", "type"], name="relation_reverse"),
        ]

    def __str__(self) -> str:
        return f"{self.first} {self.type.forward} {self.second}"


class Channel(models.TextChoices):
    """A way of speaking to a customer that he may allow or refuse."""

    EMAIL = "email", _("e-mail")
    CALL = "call", _("calls")
    SMS = "sms", _("text messages")
    MESSENGER = "messenger", _("messengers")
    POST = "post", _("letters by post")


class Purpose(models.TextChoices):
    """What a consent is for."""

    MARKETING = "marketing", _("offers and news")
    SERVICE = "service", _("service of what was bought")
    RESEARCH = "research", _("surveys and research")
    PROFILING = "profiling", _("personal analysis")


class ConsentState(models.TextChoices):
    """What the customer said."""

    GIVEN = "given", _("given")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Reads of consents."""

    def current(self) -> Self:
        """Return the latest word per party, channel and purpose."""
        return self.order_by("party_id", "channel", "purpose", "-at", "-id").distinct("party_id", "channel", "purpose")


ConsentManager = TenantManager.from_queryset(ConsentQuerySet)


class Consent(TenantRow):
    """One word of a customer about a channel and a purpose. Append-only: the latest one counts."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="consents")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, default=Purpose.MARKETING)
    state = models.CharField(_("state"), max_length=9, choices=ConsentState)
    at = models.DateTimeField(_("when"), default=timezone.now)
    source = models.CharField(_("where it was said"), max_length=200, blank=True)
    wording = models.CharField(_("version of the wording"), max_length=60, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    by = models.BigIntegerField(null=True, editable=False)
    by_label = models.CharField(max_length=150, blank=True, editable=False)

    objects: ClassVar[ConsentManager[Self]] = ConsentManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "party", "channel", "purpose", "-at", "-id"], name="consent_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_state_display()}"


class Tag(StampedRow):
    """A word of the company's vocabulary; customers, deals and others link to it by rows of their own."""

    entity = models.CharField(max_length=20, default="party")
    name = models.CharField(_("name"), max_length=60)
    fold = models.CharField(max_length=60, editable=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        ordering: ClassVar = ["fold"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "entity", "fold"], name="tag_once")]

    def __str__(self) -> str:
        return self.name


class PartyTag(TenantRow):
    """A tag on a party."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="tag_links")

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "tag", "party"], name="party_tag_once")]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "party"], name="party_tag_party")]

    def __str__(self) -> str:
        return str(self.tag)


class Merge(TenantRow):
    """The journal of one merge: what was moved from `gone` to `kept` and what `kept` took, so that it can be taken back."""

    kept = models.ForeignKey(Party, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="merges")
    # Kept beyond the bin's 30 days: the address of a merged customer goes on leading to what he became.
    gone = models.ForeignKey(Party, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="merged")
    moved = models.JSONField(default=dict)
    filled = models.JSONField(default=dict)
    demoted = models.JSONField(default=list)
    number = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "kept", "-id"], name="merge_kept"),
            models.Index(fields=["tenant_id", "gone"], name="merge_gone"),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"


# By hand: it is asked for every hundred letters of a mailing, and the ORM takes longer to write it than PostgreSQL to answer.
SAID = """
SELECT DISTINCT ON (party_id) party_id, state FROM parties_consent
WHERE tenant_id = %s AND party_id = ANY(%s::bigint[]) AND channel = %s AND purpose = %s ORDER BY party_id, at DESC, id DESC
"""


def consent_state(party_ids: Iterable[int], channel: str, purpose: str = Purpose.MARKETING) -> dict[int, str]:
    """Return `{party_id: "given" | "refused" | "withdrawn"}`; who never said a word is absent."""
    with connection.cursor() as cursor:
        cursor.execute(SAID, [current_tenant(), int_array(party_ids), str(channel), str(purpose)])
        return dict(cursor.fetchall())
