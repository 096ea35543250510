"""What people can ask, in families: a file is a command, and one whose name begins with `_` helps the others."""

from bot.commands.base import Command
from bot.commands.databases import create, destroy, freeze, protect, restore, show, thaw, triage
from bot.commands.databases import list as list_
from bot.commands.digests import digest_now, digest_off, digest_on
from bot.commands.general import doctor, home, policy_explain, whoami
from bot.commands.general import help as help_
from bot.commands.incidents import incident_end, incident_report, incident_start, incident_status
from bot.commands.requests import audit, requests
from bot.commands.tokens import rotate, token, tokens
from bot.commands.usage import usage

COMMANDS: tuple[Command, ...] = (
    home.command,
    help_.command,
    whoami.command,
    list_.command,
    show.command,
    usage.command,
    triage.command,
    tokens.command,
    requests.command,
    audit.command,
    policy_explain.command,
    doctor.command,
    incident_status.command,
    incident_report.command,
    digest_now.command,
    create.command,
    token.command,
    freeze.command,
    thaw.command,
    protect.command,
    rotate.command,
    destroy.command,
    restore.command,
    incident_start.command,
    incident_end.command,
    digest_on.command,
    digest_off.command,
)
