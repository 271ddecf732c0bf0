"""What parties do when a lower room speaks."""

from dialogue.customers.parties.vocabulary import make_relation_types
from dialogue.platform.accounts.actions import company_created
from dialogue.platform.tenants.models import Tenant


@company_created.listen
def start_vocabulary(company: Tenant) -> None:
    """Give a new company its kinds of relation, in its language."""
    make_relation_types()
