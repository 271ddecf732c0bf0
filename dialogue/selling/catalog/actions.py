"""Verbs over products."""

from __future__ import annotations

from collections.abc import Mapping

from dialogue.kit.actors import Actor
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.selling.catalog.models import Product


@action(permission="")
def ensure_products(named: Mapping[str, tuple[str, str]], *, by: Actor, made: list[int] | None = None) -> dict[str, int]:
    """Return `{code: id}`, creating the products that are missing from `{code: (name, category)}`.

    The ids of new ones are added to `made`. Two statements for any number of codes.
    """
    known = dict(Product.objects.filter(code__in=list(named)).values_list("code", "id"))
    fresh = [
        Product(code=code, name=(name or code)[:200], category=category[:120])
        for code, (name, category) in named.items()
        if code not in known
    ]
    if fresh:
        for product in Product.objects.bulk_create(fresh, batch_size=2000):
            known[product.code] = product.pk
            if made is not None:
                made.append(product.pk)
        record(by, "products.created", kind=Product._meta.label_lower, count=len(fresh))
    return known
