"""Platforms that delete the files of a process at each deployment, the store among them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

PLATFORMS: Final = {
    "DYNO": "Heroku",
    "RENDER": "Render",
    "RAILWAY_ENVIRONMENT_ID": "Railway",
    "FLY_APP_NAME": "Fly.io",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
}
"""The platform that sets each variable in all of its processes."""
CONTAINER: Final = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""The files by which Docker and Podman mark a container."""


def describe_loss(file: Path | None, environ: Mapping[str, str], *, root: Path = Path("/")) -> str | None:
    """Return a sentence if the next deployment deletes a SQLite store, and None if nothing is known of that.

    A volume is a file system of its own. Everything on the file system of `/` goes with the container.

    Args:
        file: the SQLite file; None for PostgreSQL.
        root: where the file system begins.
    """
    place = _place(environ, root)
    if file is None or place is None or _device(file) != root.stat().st_dev:
        return None
    when = "at each deployment" if platform_of(environ) else "with it"
    return (
        f"The store `{file}` is on the file system of {place}, which is deleted {when}: "
        "set `DATABASE_URL` to PostgreSQL, or to a file on a volume."
    )


def platform_of(environ: Mapping[str, str]) -> str | None:
    """Return the platform that set these variables, if it is one that deletes files at each deployment."""
    return next((platform for variable, platform in PLATFORMS.items() if environ.get(variable)), None)


def _place(environ: Mapping[str, str], root: Path) -> str | None:
    if platform := platform_of(environ):
        return platform
    inside = any((root / mark.relative_to("/")).exists() for mark in CONTAINER)
    return "this container" if inside else None


def _device(file: Path) -> int:
    """Return the device of a file, or of the nearest folder above it that exists."""
    return next(path for path in (file, *file.parents) if path.exists()).stat().st_dev
