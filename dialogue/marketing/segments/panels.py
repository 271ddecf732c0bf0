"""A customer's segments on his card."""

from __future__ import annotations

from django.db.models import CharField, OuterRef, QuerySet, Subquery

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.pieces import piece
from dialogue.kit.statement import Statement
from dialogue.marketing.segments.models import HandPick, Membership, Segment
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.platform.accounts.doors import MemberRequest

MOST = 30


def _of_party(actor: Actor, party: int) -> QuerySet[Segment]:
    """Return the segments a customer is in or was left out of by hand, as far as the actor may see them."""
    member = Membership.objects.current().filter(party_id=party)
    decided = HandPick.objects.filter(party_id=party)
    mine = Subquery(member.filter(segment_id=OuterRef("pk")).values("since")[:1])
    verdict = Subquery(decided.filter(segment_id=OuterRef("pk")).values("verdict")[:1], output_field=CharField())
    ids = member.values("segment_id").union(decided.values("segment_id"))
    rows = Segment.objects.visible_to(actor).filter(pk__in=ids)
    return rows.annotate(since=mine, verdict=verdict).only("name", "code", "kind").by_name()[:MOST]


OF_PARTY = Statement(_of_party)


def party_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's segments."""
    rows = OF_PARTY.rows(request.actor, party=party.pk)
    may = request.actor.can(SegmentPermission.WRITE) and party.deleted_at is None
    if not rows and not may:
        return ""
    context = {"segments": rows, "party": party, "may": may}
    return piece("segments/panel.html", context)
