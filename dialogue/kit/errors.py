"""Refusals: every "no" of the product names the field and the remedy, for a page, the API and the command line alike."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that was understood and refused; nothing was changed.

    `message` is a sentence in the reader's language that says what to do; `field` names the input at fault.
    """

    status = 422
    code = "refused"

    def __init__(self, message: str, *, field: str = "", code: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code or type(self).code
        self.facts = facts

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 problem object."""
        body: dict[str, Any] = {
            "type": f"urn:dialogue:{self.code}",
            "title": str(self.message),
            "status": self.status,
            "code": self.code,
        }
        if self.field:
            body["errors"] = [{"field": self.field, "message": str(self.message)}]
        return body | self.facts


class NotPermitted(Refusal):
    """The record is visible but the verb is not allowed to this member."""

    status = 403
    code = "not-permitted"


class NotFound(Refusal):
    """The record does not exist for this reader, whether or not it exists for another."""

    status = 404
    code = "not-found"


class Conflict(Refusal):
    """The request contradicts the present state."""

    status = 409
    code = "conflict"


class InvalidInput(Refusal):
    """Several fields were wrong; `errors` lists each with its remedy."""

    status = 422
    code = "invalid-input"

    def __init__(self, errors: dict[str, str], *, message: str = "") -> None:
        super().__init__(message or " ".join(str(text) for text in errors.values()))
        self.errors = errors

    def problem(self) -> dict[str, Any]:
        """Return the problem object with one entry per wrong field."""
        listed = [{"field": field, "message": str(text)} for field, text in self.errors.items()]
        return super().problem() | {"errors": listed}
