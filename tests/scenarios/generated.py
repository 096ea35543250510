"""Generates command lines: as people type them, as phones and copied text change them, and hostile ones.

The same seed gives the same lines.
"""

import random
import re
from collections.abc import Callable

from bot.commands import COMMANDS
from bot.core.declaration import Declaration

NAMES = ("orders", "orders-eu", "users", "analytics", "shop", "nope", "x", "prod-1", "a" * 64)
REASONS = (
    "launch",
    "moved to the warehouse",
    "INC-42, see the channel",
    "<!channel> *now* `rm` <@U0ANA>",
    "é\u202e🙂\u200b",
)
GIVEN: dict[str, tuple[str, ...]] = {
    "away": ("away --until 3h --to <@U0BEN>",),
    "home": ("", "--private"),
    "help": ("help", "help token", "help db destroy", "help incident"),
    "whoami": ("whoami", "whoami --private"),
    "list": ("ls", "db list", "list ord --sort size", "db ls --group default", "ls --sort=reads --private"),
    "show": ("show {}", "db show {}", "db show {} --private"),
    "usage": ("usage", "usage {}", "db inspect {}", "usage --top 3", "usage --since 2d", "usage --month 2026-10"),
    "triage": ("triage {}", "triage {} --private"),
    "tokens": ("tokens", "tokens {}", "db tokens list", "tokens --mine"),
    "requests": ("requests", "requests --mine", "requests --to-approve"),
    "audit": ("audit", "audit --db {}", "audit --since 7d --user <@U0DANA|dana>"),
    "policy explain": ("policy explain token {} --read-only", "policy explain db destroy {} --as <@U0ANA>"),
    "doctor": ("doctor",),
    "incident status": ("incident", "incident status"),
    "incident report": ("incident report",),
    "digest now": ("digest now", "digest now --daily"),
    "create": ("db create {} --dry-run", "create {} --group default --dry-run", "create {} --reason {r}"),
    "branch": ("branch {} copy --dry-run", "db branch {} copy-2 --at 15m ago --for 3d --dry-run"),
    "token": ("token {} --read-only", "db tokens create {} --expiration 2h --read-only", "token {} --dry-run"),
    "freeze": ("freeze {} --for 30m --dry-run", "db freeze {} --reads", "freeze {}"),
    "thaw": ("thaw {}", "db thaw {} --dry-run"),
    "protect": ("protect {} on", "db protect {} off --dry-run"),
    "rotate": ("rotate {}", "db tokens invalidate {} --reason {r}", "rotate {} --dry-run"),
    "destroy": ("db destroy {} --dry-run", "rm {} --now --reason {r}", "destroy {} --ticket OPS-7"),
    "restore": ("db restore {}",),
    "rewind": ("db rewind {} --to 1s ago --dry-run", "rewind {} --to 14:02 --dry-run"),
    "incident start": ("incident start INC-42 --for 2h --dry-run", "incident start INC-9"),
    "incident end": ("incident end --dry-run",),
    "digest on": ("digest on --daily 09:00 --dry-run", "digest on --weekly mon 09:00 --tz Europe/Berlin --dry-run"),
    "digest off": ("digest off --dry-run",),
}


def example_of(command: Declaration) -> str:
    """Return a command's line without optional words, from its usage. `{}` stands for a database.

    If the command changes something, the line has `--dry-run`.
    """
    words = re.sub(r"\[[^]]*\]", "", command.usage).split()
    line = " ".join("{}" if word == "NAME" else word.partition("/")[0] for word in words)
    return f"{line} --dry-run" if command.changes else line


LINES = {one.name: GIVEN.get(one.name, (example_of(one),)) for one in COMMANDS}
"""Lines that parse as a command, by the command's name in rules. `{}` stands for a database and `{r}` for a reason."""


def lines(seed: int, count: int) -> list[str]:
    """Return `count` texts to type after `/turso`: one for every command, and then random ones.

    If there are more commands than `count`, return one for every command.
    """
    dice = random.Random(seed)
    made = [_filled(dice, dice.choice(LINES[name])) for name in LINES]
    while len(made) < count:
        line = _filled(dice, dice.choice(LINES[dice.choice(list(LINES))]))
        kind = dice.random()
        made.append(line if kind < 0.35 else _typed(dice, line) if kind < 0.7 else _spoilt(dice, line))
    return made


def _filled(dice: random.Random, line: str) -> str:
    return line.replace("{r}", f'"{dice.choice(REASONS)}"').replace("{}", dice.choice(NAMES))


def _typed(dice: random.Random, line: str) -> str:
    """Return a line as a phone, a careful person or a copied chat message writes it.

    It means the same, except that `--private` may be added.
    """
    ways: tuple[Callable[[str], str], ...] = (
        lambda text: text.replace("--", "—"),
        lambda text: text.replace('"', "“", 1).replace('"', "”", 1),
        lambda text: f"  {text}   ",
        lambda text: text.replace(" ", "  "),
        lambda text: f"/turso {text}",
        lambda text: text.replace(" ", "\u00a0", 1),
        lambda text: f"`{text}`" if '"' not in text else text,
        lambda text: text[:1].upper() + text[1:],
        lambda text: f"db {text}" if text[:1].isalpha() and not text.startswith("db ") else text,
        lambda text: f"{text} --private",
    )
    return dice.choice(ways)(line)


def _spoilt(dice: random.Random, line: str) -> str:
    """Return a line with typing mistakes or hostile additions."""
    at = dice.randrange(len(line) + 1)
    ways: tuple[Callable[[str], str], ...] = (
        lambda text: text[:at] + text[at + 1 :],
        lambda text: text[:at] + dice.choice("x-=\"'`<>&|;$\\%\u202e\u200b\x00\n\t🙂é") + text[at:],
        lambda text: text + " --unknown",
        lambda text: text + " --reason",
        lambda text: text + ' --reason "never closed',
        lambda text: text + " <!channel> <@U0ANA|ana> <https://evil.example|Approve>",
        lambda text: text * 40,
        lambda text: " ".join(reversed(text.split())),
        lambda text: text + " --expiration=-1h --for 99999999999d --top 0 --since 0s",
        lambda text: text.upper(),
        lambda text: "".join(chr(dice.randrange(1, 0x2FFF)) for _ in range(dice.randrange(1, 60))),
        lambda text: text.split()[0] if text.split() else "db",
        lambda text: text + " " + "x" * 3000,
    )
    return dice.choice(ways)(line)
