"""Reset starts the sandbox from the beginning, at the same address."""

import asyncio
import os
import re
import signal
from functools import partial
from pathlib import Path

from tests.forked import shared_fork_server
from tests.http import local_client
from tests.world import until

HTMX = {"HX-Request": "true"}
READY = re.compile(r"Turso Ops is ready: (http://\S+)")


async def test_reset_brings_back_the_first_workspace_at_the_same_address_and_keeps_other_files(tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    kept = tmp_path / "data" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    fork = partial(
        shared_fork_server().fork, "sandbox", "--port", "0", "--data", str(kept.parent),
        environment={"PATH": os.environ["PATH"]}, cwd=tmp_path, out=out, err=err,
    )  # fmt: skip
    process = await asyncio.to_thread(fork)
    await until(lambda: out.exists() and READY.search(out.read_text()), what="the sandbox", within=60)
    (url,) = READY.findall(out.read_text())
    async with local_client(base_url=url) as page:
        said = {"text": "this will be lost", "channel": "C0DBOPS"}
        assert (await page.post("/as/U0DANA/say", data=said, headers=HTMX)).status_code == 204
        assert "this will be lost" in (await page.get("/as/U0DANA/c/C0DBOPS")).text
        assert "Reset" in (await page.get("/as/U0DANA/lab")).text

        assert (await page.post("/as/U0DANA/lab/reset", headers=HTMX)).status_code == 204

        await until(lambda: len(READY.findall(out.read_text())) == 2, what="the sandbox again", within=60)
        shown = (await page.get("/as/U0DANA/c/C0DBOPS")).text
    assert READY.findall(out.read_text()) == [url, url]
    assert "this will be lost" not in shown
    assert "Morning! What used the most yesterday?" in shown
    assert kept.read_text() == "mine"
    process.send_signal(signal.SIGTERM)
    assert await process.ended() == 0
    assert "Traceback" not in err.read_text()
