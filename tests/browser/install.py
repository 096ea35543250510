"""Finds or installs a Chromium for the browser tests: the system's, the distribution's, or Playwright's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find() -> str | None:
    """Return the path of an installed Chromium, or None. The variable `CHROMIUM` takes precedence."""
    wanted = os.environ.get("CHROMIUM")
    found = [wanted] if wanted else [shutil.which(name) for name in NAMES] + list(PLACES)
    return next((path for path in found if path and os.access(path, os.X_OK)), None) or _playwrights()


def _playwrights() -> str | None:
    """Return the path of Playwright's own build, or None if it wasn't downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _distribution() -> bool:
    """Install the distribution's package. Return True if that worked."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        if subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            return False
    return True


def main() -> int:
    """Find or install a Chromium, print its path, and return the exit status."""
    path = find()
    if path is None and _distribution():
        path = find()
    if path is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        path = find()
    if path is None:
        print("browser: no Chromium found and none could be installed; name one with CHROMIUM=/path/to/it")
        return 1
    print(f"browser: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
