"""Reads request bodies up to a maximum length."""

from starlette.requests import Request


class TooLarge(Exception):
    """Raised if the body is longer than the platform accepts."""


async def read_body(request: Request, longest: int) -> bytes:
    """Return the body. Raises TooLarge if it is longer than `longest` bytes.

    A body whose declared length is already too large isn't read.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > longest:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise TooLarge
    return bytes(body)
