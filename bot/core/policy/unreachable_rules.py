"""Find rules that never apply, because an earlier rule always matches first."""

from bot.core.model import Verdict
from bot.core.policy.databases import Databases
from bot.core.policy.document import Path
from bot.core.policy.people import People
from bot.core.policy.rules import Policy, Rule


def unreachable_rules(policy: Policy) -> list[tuple[Path, str]]:
    """Return the path of each rule that one earlier rule makes unreachable, with a sentence that names that rule."""
    lists = [(("channels", id_), binding.rules) for id_, binding in policy.channels.items()]
    lists += [(("profiles", name), rules) for name, rules in policy.profiles.items()]
    with_lifetime = frozenset(policy.catalogue.about("max_lifetime"))
    unreachable: list[tuple[Path, str]] = []
    for path, rules in lists:
        for at, rule in enumerate(rules):
            before = next((one for one in rules[:at] if _covers(one, rule, with_lifetime)), None)
            if before is not None:
                unreachable.append(
                    ((*path, "rules", at), f"never applies, because {before.where} always matches first")
                )
    return unreachable


def _covers(before: Rule, rule: Rule, with_lifetime: frozenset[str]) -> bool:
    # The cheapest checks come first, because every rule is compared with all earlier ones.
    return (
        _all_databases(before.databases, rule.databases)
        and _all_people(before.to, rule.to)
        and _all_lifetimes(before, rule, with_lifetime)
        and _all_commands(before, rule)
    )


def _all_commands(before: Rule, rule: Rule) -> bool:
    wanted = [(command, flags) for command, every in rule.commands.items() for flags in every]
    return all(any(less <= flags for less in before.names(command)) for command, flags in wanted)


def _all_databases(before: Databases | None, after: Databases | None) -> bool:
    if before is None or before.everything:
        return True
    return after is not None and set(after.patterns) <= set(before.patterns)


def _all_people(before: People | None, after: People | None) -> bool:
    if before is None:
        return after is None or not (after.guests or after.externals)
    return after is not None and (
        after.users <= before.users
        and after.usergroups <= before.usergroups
        and after.guests <= before.guests
        and after.externals <= before.externals
    )


def _all_lifetimes(before: Rule, rule: Rule, with_lifetime: frozenset[str]) -> bool:
    if before.verdict is Verdict.DENY or not with_lifetime & rule.commands.keys():
        return True
    longer = rule.verdict is Verdict.DENY or rule.max_lifetime > before.max_lifetime
    return not longer and (before.allow_never or not rule.allow_never)
