"""What all operations share in the OpenAPI document: the key, the problems, the headers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.security import HttpBearer

from dialogue.kit.api.problems import MEDIA
from dialogue.kit.api.shapes import Problem
from dialogue.platform.accounts.doors import key_of
from dialogue.platform.accounts.models import ApiKey

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEMS = {
    400: "The request could not be read.",
    401: "No usable key.",
    403: "The key or its member may not do this.",
    404: "Not there, or not visible to the key's member.",
    409: "The request contradicts the present state.",
    412: "The record changed since it was read (If-Match).",
    413: "Too large.",
    422: "Refused: the fields listed must be corrected.",
    429: "Too many requests: wait as Retry-After says.",
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Repeating the request with the same key within 24 hours answers as the first time and changes nothing.",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 100, "pattern": '^"[0-9.]+"$'},
    "description": "The ETag that was read: the change is refused with 412 when the record changed meanwhile.",
}
ABOUT = """\
One key acts for one member of one company: `Authorization: Bearer dlg_…`. Keys are made in the office under
Settings, API keys. Lists answer `{"items", "next"}`; send `next` as `cursor` for the following page. Times are UTC in ISO 8601,
money is `{"amount": "1.00", "currency": "RUB"}`. Errors are RFC 9457 problem objects."""


class KeyAuth(HttpBearer):
    """Asks whether the middleware found a usable key; a browser's session is not enough."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """Return the key, or None."""
        return key_of(request)


class DialogueAPI(NinjaAPI):
    """The API whose document tells every operation's problems and headers."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> OpenAPISchema:
        """Return the document with what the operations share."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        complete(document)
        return document


def complete(document: dict[str, Any]) -> None:
    """Add the problem answers, Idempotency-Key and If-Match to every operation of the document."""
    shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"].update(shape.pop("$defs", {}))
    document["components"]["schemas"]["Problem"] = shape
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for method in METHODS:
            operation = path.get(method)
            if operation is None:
                continue
            for status, words in PROBLEMS.items():
                operation["responses"].setdefault(status, {"description": words, "content": content})
            if method == "post":
                operation.setdefault("parameters", []).append(IDEMPOTENCY)
            if method in {"patch", "put", "delete"}:
                operation.setdefault("parameters", []).append(IF_MATCH)
