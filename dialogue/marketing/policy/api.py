"""The API operations over the contact policy."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field

from dialogue.kit.api.shapes import Input, Shape
from dialogue.marketing.policy import actions
from dialogue.marketing.policy.keeping import policy_of
from dialogue.platform.accounts.doors import ApiRequest

router = Router(tags=["contact policy"])


class PolicyShape(Shape):
    """At most `cap` marketing letters to a person within `days` days, leaving between the hours `start` and `end`."""

    cap: int
    days: int
    start: int
    end: int


class PolicyInput(Input):
    """What is to change; only the fields sent are."""

    cap: Annotated[int, Field(ge=1, le=100)] | None = None
    days: Annotated[int, Field(ge=1, le=365)] | None = None
    start: Annotated[int, Field(ge=0, le=23)] | None = None
    end: Annotated[int, Field(ge=1, le=24)] | None = None


@router.get("", response=PolicyShape, summary="Get the contact policy")
def get_policy(request: ApiRequest) -> PolicyShape:
    """How often and when customers are written to; hours are those of the person's time zone."""
    return PolicyShape(**policy_of(request.company).__dict__)


@router.patch("", response=PolicyShape, summary="Change the contact policy")
def change_policy(request: ApiRequest, given: PolicyInput) -> PolicyShape:
    """Campaigns launched before keep the people frozen then; hand-over asks the new policy."""
    values = {name: value for name, value in given.model_dump(exclude_unset=True).items() if value is not None}
    return PolicyShape(**actions.change_policy(by=request.actor, **values).__dict__)
