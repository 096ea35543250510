"""Reads request bodies up to a maximum length."""

from starlette.requests import Request


class TooLarge(Exception):
    """Raised if the body is longer than the platform accepts."""


async def read_body(request: Request, longest: int) -> bytes:
    """Return the body. Raises TooLarge, before reading anything if the header's length already exceeds the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > longest:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise TooLarge
    return bytes(body)
