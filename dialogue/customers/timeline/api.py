"""The API operations of this room."""

from ninja import Router

router = Router()
