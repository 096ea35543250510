"""Puts a person's permissions in a channel into words, for `/turso`, `help`, `whoami` and Home."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.blocks.text import Mrkdwn, duration, joined, mention, mrkdwn
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Verdict
from bot.core.oncall import is_schedule, not_said
from bot.core.policy import Right
from bot.core.policy.databases import Databases

_TITLES: Final = {
    Verdict.ALLOW: mrkdwn(":white_check_mark: *Allowed*"),
    Verdict.APPROVE: mrkdwn(":raised_hand: *Needs approval*"),
    Verdict.BREAK_GLASS: mrkdwn(":rotating_light: *Break-glass* (no approval, reviewed afterwards)"),
}
_NOTES: Final = {
    Verdict.ALLOW: mrkdwn("allowed"),
    Verdict.APPROVE: mrkdwn("needs approval"),
    Verdict.BREAK_GLASS: mrkdwn("break-glass, reviewed afterwards"),
}
NOTHING: Final = mrkdwn(":no_entry: You can't use any commands in this channel.")


def right_lines(rights: Iterable[Right], catalogue: CommandCatalogue) -> list[Mrkdwn]:
    """Return a line for each verdict that has commands. Commands that everyone may use are left out."""
    every = [right for right in rights if right.command not in catalogue.open_to_all]
    lines = []
    for verdict, title in _TITLES.items():
        shown = [
            _command_text(name, right)
            for name, right in _by_family([one for one in every if one.verdict is verdict], catalogue)
        ]
        if shown:
            lines.append(mrkdwn("{}: {}", title, joined(", ", shown)))
    return lines


def databases_text(databases: Databases | None) -> Mrkdwn:
    """Return the databases of a channel in words: all, none, or their patterns."""
    if not databases:
        return mrkdwn("no databases")
    return mrkdwn("all databases") if databases.everything else mrkdwn("`{}`", databases)


def right_note(rights: Sequence[Right]) -> Mrkdwn:
    """Return a note on the permission for one command. Empty if it is allowed without limits, or not at all."""
    if all(one.verdict is Verdict.ALLOW and not one.is_limited for one in rights):
        return Mrkdwn("")
    notes = [joined(": ", (_limits(one), _NOTES[one.verdict])) for one in rights]
    return mrkdwn("_({})_", joined("; ", notes))


def unknown_groups(groups: Sequence[str]) -> Mrkdwn:
    """Return a warning that permissions may be missing, because groups couldn't be looked up. Empty without groups."""
    if not groups:
        return Mrkdwn("")
    return mrkdwn(":warning: {}, so this may be incomplete. Try again in a moment.", silent_groups(groups))


def silent_groups(groups: Sequence[str]) -> Mrkdwn:
    """Return a sentence, without its full stop, about user groups and schedules whose people couldn't be looked up."""
    names = joined(", ", (mention(f"<!subteam^{one}>") for one in groups if not is_schedule(one)))
    slack = mrkdwn("I couldn't look up who is in {}", names) if names else Mrkdwn("")
    schedules = [one for one in groups if is_schedule(one)]
    others = mrkdwn("{}", not_said(schedules)) if schedules else Mrkdwn("")
    return joined(", and ", [part for part in (slack, others) if part])


def _by_family(rights: Sequence[Right], catalogue: CommandCatalogue) -> list[tuple[str, Right]]:
    """Replace the commands of a family by its name (`incident`) if all of them have the same verdict and no limits."""
    whole = [right.command for right in rights if not right.is_limited]
    found: dict[tuple[str, int], Right] = {}
    for at, right in enumerate(rights):
        parent = right.command.partition(" ")[0]
        family = catalogue.families.get(parent, ())
        is_whole = bool(family) and all(one.name in whole for one in family)
        found.setdefault((parent, -1) if is_whole else (right.command, at), right)
    return [(name, right) for (name, _), right in found.items()]


def _command_text(name: str, right: Right) -> Mrkdwn:
    limits = _limits(right)
    return mrkdwn("`{}` ({})", name, limits) if limits else mrkdwn("`{}`", name)


def _limits(right: Right) -> Mrkdwn:
    return joined(
        ", ",
        [
            mrkdwn("{}", right.variant),
            mrkdwn("up to {}", duration(right.longest)) if right.longest else Mrkdwn(""),
            mrkdwn("only {}", _patterns(right.only)) if right.only else Mrkdwn(""),
            mrkdwn("{} {}", "but not" if right.only else "all but", _patterns(right.but)) if right.but else Mrkdwn(""),
        ],
    )


def _patterns(patterns: Sequence[str]) -> Mrkdwn:
    return joined(", ", (mrkdwn("`{}`", one) for one in patterns))
