"""Checks whether the data plane serves a database, without a token."""

import asyncio
import time

import httpx

from bot.turso.calls import NETWORK
from bot.turso.data_plane import SELECT_1, DataPlane
from bot.turso.models import Database


class ReadinessProbe(DataPlane):
    """Checks whether a new database is served.

    For 2.5 to more than 15 seconds a new database returns 404, and no other call shows when it is ready.
    """

    async def is_served(self, database: Database) -> bool:
        """Return True if the database responds with 2xx, 400 or 401.

        No token is sent. A database that needs none, such as a local one, executes `SELECT 1`, others nothing.
        Returns False without a call if the host is neither Turso's nor the API's.
        """
        url = self.pipeline_url(database)
        if url is None:
            return False
        request = self._writer.build_request("POST", url, json=SELECT_1, timeout=httpx.Timeout(5))
        request.headers.pop("authorization", None)  # the API token is only for the Platform API
        try:
            response = await self._writer.send(request)
        except NETWORK:
            return False
        return response.is_success or response.status_code in (400, 401)

    async def wait_until_served(self, database: Database, *, within_seconds: float = 40) -> bool:
        """Return True once the database is served. False if it isn't served in time or its host isn't trusted."""
        if self.pipeline_url(database) is None:
            return False
        last = time.monotonic() + within_seconds
        pause = 0.25
        while not await self.is_served(database):
            if time.monotonic() + pause > last:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.6, 3)
        return True
