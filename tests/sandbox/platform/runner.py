"""Runs the local Turso in a separate process: `python -m tests.sandbox.platform.runner DATA OPTIONS`.

`OPTIONS` are arguments of `serve_platform` as JSON. Real clients need a separate process, because Python's `libsql`
holds the interpreter lock while it waits. Tests that kill the local Turso need one, too.
"""

import asyncio
import json
import sys
from pathlib import Path

from bot.sandbox.platform.serve import serve_platform


def main() -> None:
    options = json.loads(sys.argv[2])
    serving = serve_platform(
        Path(sys.argv[1]), port=0, api_token="api-token", ready=lambda url: print(url, flush=True), **options
    )
    asyncio.run(serving)


if __name__ == "__main__":
    main()
