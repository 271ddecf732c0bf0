"""What the warehouse holds of segments, and the leaf `in_segment` over it."""

from __future__ import annotations

from typing import Any

from dialogue.marketing.segments.models import Membership, Segment
from dialogue.marketing.segments.trees import LEAF
from dialogue.platform.criteria.rules import Tree
from dialogue.platform.criteria.warehousing import warehouse_leaves
from dialogue.platform.warehouse.marts import Mart, marts

marts.add("membership", Mart(Membership, ("segment_id", "party_id", "until")))


@warehouse_leaves.register(LEAF)
def in_segment(expressions: Any, tree: Tree, rows: Any) -> Any:
    """Return who is in a segment, by stored membership; the rule's first compiler has found the segment."""
    # A code may come to mean another segment when one is deleted for good.
    expressions.momentary = True
    segment = Segment.objects.visible_to(expressions.asking.actor).values_list("pk", flat=True).get(code=tree[LEAF])
    members = expressions.every(Membership)
    return rows.id.isin(members.filter((members.segment_id == segment) & members.until.isnull()).party_id)
