"""What deals do when a lower room speaks."""

from __future__ import annotations

from dialogue.platform.accounts.actions import company_created
from dialogue.platform.rates.actions import rates_set
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.converting import fill_base_amounts
from dialogue.selling.deals.pipelines import make_first_pipeline


@company_created.listen
def give_first_pipeline(company: Tenant) -> None:
    """A new company begins with one pipeline, in its own language."""
    make_first_pipeline()


@rates_set.listen
def convert_waiting_budgets(count: int) -> None:
    """A first rate of a currency values the deals that waited for one."""
    fill_base_amounts()
