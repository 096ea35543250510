"""Bodies of requests, read no further than they may be long."""

from starlette.requests import Request


class TooLarge(Exception):
    """The body is longer than the platform takes."""


async def read_body(request: Request, longest: int) -> bytes:
    """Raises: TooLarge, at once where the header says so, and without keeping what came."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > longest:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise TooLarge
    return bytes(body)
