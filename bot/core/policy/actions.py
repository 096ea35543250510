"""Read a command line as the rules see it, without the table of commands: for the policy's own tools."""

from typing import Final

from bot.core import catalogue
from bot.core.durations import NotADuration, parse_lifetime
from bot.core.model import Action, Lifetime, Target
from bot.core.normalise import normalise, split
from bot.errors import BadInput

_VALUED: Final = frozenset(
    {"--expiration", "--group", "--location", "-l", "--for", "--reason", "--ticket", "--since", "--month", "--top"}
    | {"--sort", "--as", "--in", "--user", "--db", "--tz"}
)
_SHORT: Final = {"-r": "--read-only", "-e": "--expiration", "-g": "--group"}
_NAMED: Final = frozenset(
    {"create", "token", "rotate", "destroy", "restore", "freeze", "thaw", "protect"}
    | {"show", "triage", "usage", "tokens"}
)
"""Commands whose first word is a database."""


def action_of(text: str, *, group: str | None = None) -> Action:
    """Return the action that a command line asks for.

    Raises:
        BadInput: no such command, or an expiration that is none.
    """
    words = [word.text for word in split(normalise(text))]
    name, used = _name(words)
    flags, places, values = _sorted(words[used:])
    known = catalogue.COMMANDS[name].flags
    target = (Target(places[0], values.get("--group", group)),) if name in _NAMED and places else ()
    return Action(name, frozenset(flag for flag in flags if flag in known), target, _lifetime(name, values))


def _name(words: list[str]) -> tuple[str, int]:
    for length in range(min(4, len(words)), 0, -1):
        name = catalogue.canonical(" ".join(words[:length]))
        if name in catalogue.COMMANDS:
            return name, length
    if not words:
        return catalogue.HOME, 0
    raise BadInput(f"`{words[0]}` is no command; there are {', '.join(sorted(catalogue.COMMANDS))}.")


def _sorted(words: list[str]) -> tuple[set[str], list[str], dict[str, str]]:
    flags, places, values = set(), [], {}
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        name = _SHORT.get(name, name)
        at += 1
        if not name.startswith("--"):
            places.append(words[at - 1])
        elif equals:
            values[name] = value
        elif name in _VALUED and at < len(words):
            values[name] = words[at]
            at += 1
        else:
            flags.add(name)
    return flags, places, values


def _lifetime(name: str, values: dict[str, str]) -> Lifetime | None:
    if name != "token" or "--expiration" not in values:
        return None
    try:
        return parse_lifetime(values["--expiration"])
    except NotADuration as error:
        raise BadInput(f"`--expiration` takes a duration such as `1h`, or `never`; {error}.") from None
