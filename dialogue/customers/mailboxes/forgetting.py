"""What nobody could be found for still names people: it goes when they go."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.db import connection

from dialogue.customers.mailboxes.models import Incoming
from dialogue.customers.parties.models import ContactKind, ContactPoint
from dialogue.kit.scope import current_tenant

# A message as it came is bytes of any kind: "escape" makes text of them and leaves the letters of an address as they are.
GONE = f"""
DELETE FROM {Incoming._meta.db_table} WHERE tenant_id = %(tenant)s AND party_id IS NULL
  AND (sender ~* %(address)s OR note ~* %(address)s OR (data IS NOT NULL AND encode(data, 'escape') ~* %(address)s))
"""


def forget_addresses(emails: Collection[str], *, of: int) -> int:
    """Delete the messages of nobody that name one of these addresses of a customer (his id); return how many.

    An address that another customer has, too, is left: the message may be his.
    """
    shared = ContactPoint.objects.filter(kind=ContactKind.EMAIL, normal__in=list(emails), party__deleted_at=None).exclude(
        party=of
    )
    own = sorted(set(emails) - set(shared.values_list("normal", flat=True)))
    if not own:
        return 0
    address = rf"(^|[^a-z0-9._%+-])({'|'.join(re.escape(one) for one in own)})($|[^a-z0-9-])"
    with connection.cursor() as cursor:
        cursor.execute(GONE, {"tenant": current_tenant(), "address": address})
        return int(cursor.rowcount)
