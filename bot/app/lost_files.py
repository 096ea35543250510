"""Detects a SQLite store on storage that doesn't survive a restart or a deployment."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final, NamedTuple

PLATFORMS: Final = {
    "DYNO": "Heroku",
    "RENDER": "Render",
    "RAILWAY_ENVIRONMENT_ID": "Railway",
    "FLY_APP_NAME": "Fly.io",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
}
"""Maps an environment variable to the platform that sets it in all of its processes."""
CONTAINER: Final = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""The files that mark a Docker or Podman container."""
IN_MEMORY: Final = ("tmpfs", "ramfs")
EMPTY_DIR: Final = "/kubernetes.io~empty-dir/"
"""Part of the path of every `emptyDir` volume on the disk of a Kubernetes node. Others are in memory."""
ADVICE: Final = "set `DATABASE_URL` to PostgreSQL, or to a file on a volume"


class Loss(NamedTuple):
    """Why the store may be deleted."""

    sentence: str
    is_certain: bool
    """False if the files are kept as long as nobody removes the container."""


class Mount(NamedTuple):
    """A mounted file system, from a line of `/proc/self/mountinfo`."""

    root: str
    """The folder inside the mounted file system that appears at `point` ("root" in `man 5 proc`)."""
    point: PurePath
    """Where it is mounted."""
    kind: str
    """The type of the file system, such as `ext4`."""


def describe_loss(file: Path | None, environ: Mapping[str, str], *, root: Path = Path("/")) -> Loss | None:
    """Return why a SQLite store may be deleted. None if there is no reason to think so.

    A volume is a file system of its own. Everything on the file system of `/` is deleted with the container.

    Args:
        file: the SQLite file, or None for PostgreSQL.
        root: the root of the file system.
    """
    if file is None:
        return None
    mount = _mount_of(file, root)
    if mount and EMPTY_DIR in f"{mount.root}/":
        return Loss(f"The store `{file}` is on an emptyDir volume, which is deleted with the pod: {ADVICE}.", True)
    if mount and mount.kind in IN_MEMORY:
        return Loss(f"The store `{file}` is in memory ({mount.kind}), and is lost at the next restart: {ADVICE}.", True)
    place = _place(environ, root)
    if place is None or _device(file) != root.stat().st_dev:
        return None
    is_certain = _platform_of(environ) is not None
    when = "at each deployment" if is_certain else "with it"
    return Loss(f"The store `{file}` is on the file system of {place}, which is deleted {when}: {ADVICE}.", is_certain)


def mounts(table: str) -> list[Mount]:
    """Read the lines of `/proc/self/mountinfo`, whose format is in `man 5 proc`."""
    entries = []
    for line in table.splitlines():
        fields, _, kinds = line.partition(" - ")
        _, _, _, root, point, *_ = (_unescaped(field) for field in fields.split(" "))
        entries.append(Mount(root, PurePath(point), kinds.split(" ")[0]))
    return entries


def _mount_of(file: Path, root: Path) -> Mount | None:
    """Return the mount that contains a file. It has the deepest mount point, and is the last there. None if unknown."""
    table = root / "proc/self/mountinfo"
    known = mounts(table.read_text("utf-8", errors="surrogateescape")) if table.exists() else []
    above = [one for one in known if file.resolve().is_relative_to(one.point)]
    return max(reversed(above), key=lambda one: len(one.point.parts), default=None)


def _unescaped(field: str) -> str:
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), field)


def _platform_of(environ: Mapping[str, str]) -> str | None:
    """Return the platform that runs this process, if it deletes files at each deployment. None otherwise."""
    return next((platform for variable, platform in PLATFORMS.items() if environ.get(variable)), None)


def _place(environ: Mapping[str, str], root: Path) -> str | None:
    if platform := _platform_of(environ):
        return platform
    inside = any((root / mark.relative_to("/")).exists() for mark in CONTAINER)
    return "this container" if inside else None


def _device(file: Path) -> int:
    """Return the device of a file. If it doesn't exist, return that of the nearest folder that does."""
    return next(path for path in (file, *file.parents) if path.exists()).stat().st_dev
