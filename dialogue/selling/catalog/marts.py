"""What the warehouse holds of products."""

from dialogue.platform.warehouse.marts import Mart, marts
from dialogue.selling.catalog.models import Product

TEXTS = ("code", "name", "category")
marts.add("product", Mart(Product, TEXTS, searched=TEXTS))
