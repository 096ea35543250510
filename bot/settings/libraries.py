"""Environment variables that libraries read themselves, when they are imported or first used.

They are checked here, so that a value with which the bot can't work causes a clear error.
"""

from collections.abc import Mapping
from typing import Final

from bot.settings.values import BadSettings

DRIVERS: Final = ("c", "binary", "python")
METRICS_FOLDERS: Final = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")


def check_libraries(environ: Mapping[str, str]) -> None:
    """Raise BadSettings if the bot can't work with a variable that a library reads itself."""
    for name in METRICS_FOLDERS:
        if environ.get(name):
            raise BadSettings(f"{name} is set, but every process of Turso Ops has metrics of its own. Unset it.")
    if (driver := environ.get("PSYCOPG_IMPL", "").lower()) and driver not in DRIVERS:
        raise BadSettings(f"PSYCOPG_IMPL must be {', '.join(DRIVERS[:-1])} or {DRIVERS[-1]}, or not set.")
    if environ.get("PSYCOPG_WAIT_FUNC"):
        raise BadSettings("PSYCOPG_WAIT_FUNC is set, which is for tests of the database driver. Unset it.")
