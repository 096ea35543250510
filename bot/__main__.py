"""The command line: `python -m bot`, or `turso-ops`."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bot import __version__
from bot.app.argument_types import entry_number, head, port
from bot.app.event_loop import run_loop
from bot.app.output import (
    OutputFailed,
    complain,
    describe_refusal,
    discard_output,
    flush_errors,
    require_working_folder,
    tolerate_closed_streams,
)
from bot.app.policy_command_line import add_policy, policy_explain
from bot.errors import BotError, Unavailable
from bot.sandbox.command_line import add_sandbox
from bot.settings import BadSettings, Settings, load_database_urls, load_settings, load_signing_secrets, warnings_about

BAD_USAGE = 2
TRY_LATER = 75
"""The exit status of a process that can't start now but may later, such as without its store: `EX_TEMPFAIL`."""
OUTPUT_CLOSED = 141
"""The exit status if the output is closed too early. A shell reports the same for a program ended by SIGPIPE."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status.

    It is 0 for success, 1 if the command failed or a check did, 2 if the command couldn't run, 75 to try later, 130
    after Ctrl+C, and 141 if the output was closed. Processes and commands whose 1 means something else fail with 2.
    """
    tolerate_closed_streams()
    status = OUTPUT_CLOSED
    try:
        try:
            status = _status_of(_arguments(argv))
        finally:  # also after the help, for which argparse raises SystemExit
            sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head` or a pager, has closed the pipe
        discard_output()
    except OSError as error:
        discard_output()
        complain(f"The output can't be written ({error.strerror}).")
        status = BAD_USAGE
    finally:
        flush_errors()
    return status


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argument_parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.run is not policy_explain:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest  # the options of the command line that `policy explain` explains
    return arguments


def _status_of(arguments: argparse.Namespace) -> int:
    try:
        if sys.platform == "win32":
            raise BadSettings("Turso Ops runs on Linux and macOS. On Windows, use WSL or a container.")
        require_working_folder()
        return int(arguments.run(arguments) or 0)
    except BadSettings as error:
        complain(str(error))
        return BAD_USAGE
    except Unavailable as error:
        complain(error.cause)
        return int(arguments.unavailable or arguments.failure)
    except BotError as error:
        complain(str(error))
        return int(arguments.failure)
    except (BrokenPipeError, OutputFailed):
        raise
    except OSError as error:
        complain(describe_refusal(error))
        return int(arguments.unavailable or arguments.failure)
    except KeyboardInterrupt:
        return 130


def _serve(arguments: argparse.Namespace) -> int:
    settings = load_settings(needs=("SLACK_SIGNING_SECRET",))
    from bot.app import serving

    return run_loop(
        serving.serve(
            settings,
            durable=not arguments.no_durable,
            upgrade=not arguments.no_upgrade,
            read_secrets=load_signing_secrets,
        )
    )


def _socket(arguments: argparse.Namespace) -> int:
    settings = load_settings(needs=("SLACK_APP_TOKEN",))
    from bot.app import serving

    return run_loop(
        serving.socket(
            settings,
            durable=not arguments.no_durable,
            upgrade=not arguments.no_upgrade,
            health_port=arguments.health_port,
        )
    )


def _worker(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    from bot.app import serving

    return run_loop(serving.worker(settings, upgrade=not arguments.no_upgrade, health_port=arguments.health_port))


def _init(arguments: argparse.Namespace) -> int:
    from bot.app.first_files import write_first_files

    return write_first_files(arguments.folder)


def _manifest(arguments: argparse.Namespace) -> int:
    from bot.slack.manifest import manifest_yaml

    print(manifest_yaml(arguments.url), end="")
    return 0


def _audit_verify(arguments: argparse.Namespace) -> int:
    if arguments.file is not None:
        return int(_admin_commands().verify_copy(arguments.file, arguments.head))
    return _offline(lambda audit: audit.verify(arguments.head))


def _audit_resend(arguments: argparse.Namespace) -> int:
    settings = _settings()
    from bot.app.audit_stream.stream import stream_of

    stream = stream_of(settings)
    if not stream:
        raise BadSettings("AUDIT_STREAM isn't set, so the audit log isn't sent anywhere.")
    return _offline(lambda audit: audit.resend(stream, arguments.first))


def _doctor(arguments: argparse.Namespace) -> int:
    return int(run_loop(_admin_commands().doctor(_settings())))


def _db_upgrade(arguments: argparse.Namespace) -> int:
    return int(run_loop(_admin_commands().upgrade_store(*load_database_urls(warn=complain))))


def _db_backup(arguments: argparse.Namespace) -> int:
    return int(run_loop(_admin_commands().back_up_store(_database_url(), arguments.file)))


def _db_after_restore(arguments: argparse.Namespace) -> int:
    return int(run_loop(_admin_commands().after_restore(_settings())))


def _offline(work: Callable[[Any], Awaitable[int]]) -> int:
    async def read() -> int:
        async with _admin_commands().Audit.open(_database_url()) as audit:
            return await work(audit)

    return run_loop(read())


def _database_url() -> str:
    """Return the database URL for the offline commands, which need no token. Prefers the URL without a pooler."""
    url, direct = load_database_urls(warn=complain)
    return direct or url


def _settings() -> Settings:
    """Return the settings for an admin command. Print warnings about variables that have no effect."""
    settings = load_settings()
    for sentence in warnings_about(settings):
        complain(sentence)
    return settings


def _admin_commands() -> Any:
    from bot.app import admin_commands  # imports most packages, which takes time

    return admin_commands


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with all of its commands."""
    parser = argparse.ArgumentParser("turso-ops", description="A Slack bot that runs your Turso databases.")
    parser.add_argument("--version", action="version", version=f"turso-ops {__version__}")
    parser.set_defaults(failure=1, unavailable=None)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_processes(commands)
    summary = "create policy.yaml, policy.tests.yaml and .env to fill in, unless they exist"
    init = _add(commands, "init", _init, summary)
    init.add_argument("folder", type=Path, nargs="?", default=Path())
    add_sandbox(commands)
    add_policy(commands)
    manifest = _add(commands, "manifest", _manifest, "print the Slack app manifest")
    manifest.add_argument("--url", help="for HTTP: the public address, https://bot.example.com")
    audit = commands.add_parser("audit", help="the audit log").add_subparsers(required=True, metavar="COMMAND")
    verify = _add(audit, "verify", _audit_verify, "check the hash chain; exit status 1 when it is broken")
    verify.add_argument("file", type=Path, nargs="?", help="a received copy to verify instead of the store")
    verify.add_argument("--head", type=head, help="a hash posted in Slack, to also detect entries removed from the end")
    export = _add(audit, "export", lambda _: _offline(lambda log: log.export()), "print every entry as JSON Lines")
    resend = _add(audit, "resend", _audit_resend, "make the audit stream send entries again")
    resend.add_argument(
        "--from", dest="first", type=entry_number, required=True, metavar="SEQ", help="the first entry to send"
    )
    for reads in (verify, export, resend):
        reads.set_defaults(failure=BAD_USAGE)  # 1 means that the log was changed or lacks an entry
    _add(commands, "doctor", _doctor, "check the settings, Slack, Turso, the store and the policy, live")
    database = commands.add_parser("db", help="the bot's own database").add_subparsers(required=True, metavar="COMMAND")
    _add(database, "upgrade", _db_upgrade, "upgrade its tables")
    restored = _add(
        database,
        "after-restore",
        _db_after_restore,
        "after a backup was restored: withdraw open requests, stop countdowns",
    )
    restored.set_defaults(failure=BAD_USAGE)  # 1 means that people must check something
    backup = _add(database, "backup", _db_backup, "copy a SQLite store to a new file while the bot runs, and verify it")
    backup.add_argument("file", type=Path, help="the file to create")
    return parser


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def _add_processes(commands: Any) -> None:
    for name, run, summary in (
        ("serve", _serve, "answer Slack over HTTP"),
        ("socket", _socket, "answer Slack over Socket Mode; no public address is needed"),
        ("worker", _worker, "do durable work only: executions, timers, digests, recovery"),
    ):
        parser = _add(commands, name, run, summary)
        parser.set_defaults(failure=BAD_USAGE, unavailable=TRY_LATER)
        parser.add_argument("--no-upgrade", action="store_true", help="don't upgrade the bot's tables first")
        if name != "worker":
            parser.add_argument("--no-durable", action="store_true", help="leave durable work to a `worker`")
        if name != "serve":
            pages = "serve /healthz, /readyz and /metrics on this port of HOST"
            parser.add_argument("--health-port", type=port, metavar="PORT", help=pages)


if __name__ == "__main__":
    sys.exit(main())
