"""The API: `/api/v1/` mirrors the rooms' actions and lists; errors are RFC 9457 problems."""
