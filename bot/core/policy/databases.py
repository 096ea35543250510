"""Database patterns in a policy: globs over names, and `group:NAME`."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from typing import Final

from bot.core.model import Target
from bot.core.parsing.arguments import is_database_name

GROUP = "group:"
_SET: Final = re.compile(r"\[[^\]]{1,64}\]")
_NAME_SIGNS: Final = "abcdefghijklmnopqrstuvwxyz0123456789-"


@dataclass(frozen=True, slots=True)
class Databases:
    """A compiled list of patterns."""

    patterns: tuple[str, ...]
    everything: bool
    names: re.Pattern[str] | None
    groups: frozenset[str]

    @classmethod
    def of(cls, patterns: tuple[str, ...]) -> "Databases":
        """Compile valid patterns."""
        globs = [pattern for pattern in patterns if not pattern.startswith(GROUP)]
        return cls(
            patterns=patterns,
            everything="*" in globs,
            names=re.compile("|".join(map(translate, globs))) if globs else None,
            groups=frozenset(pattern.removeprefix(GROUP) for pattern in patterns if pattern.startswith(GROUP)),
        )

    def matches(self, target: Target, *, unknown: bool = False) -> bool:
        """Return True if a database matches.

        A branch matches if its name and all its sources' names match. A branch and its sources are in the same group.

        Args:
            unknown: the result if it depends on a group that isn't known. Denials pass True. Then one matching name is
                enough, a branch's own or a source's.
        """
        if self.everything:
            return True
        is_in_group = bool(self.groups) and (unknown if target.group is None else target.group in self.groups)
        if is_in_group or self.names is None:
            return is_in_group
        names = (target.name, *target.sources)
        return any(map(self.names.match, names)) if unknown else all(map(self.names.match, names))

    def __str__(self) -> str:
        return ", ".join(self.patterns) or "none"


def sample(pattern: str) -> Target | None:
    """Return a sample database that matches the pattern and probably no other one. None if none is found."""
    if pattern.startswith(GROUP):
        return Target("zz-sample", pattern.removeprefix(GROUP))
    text = _SET.sub(lambda found: _member(found[0]), pattern)
    name = text.replace("*", "zz-sample" if pattern == "*" else "zz").replace("?", "z")
    return Target(name, "") if is_database_name(name) and fnmatchcase(name, pattern) else None


def _member(one_of: str) -> str:
    """Return a character that matches a set such as `[abc]` or `[!a-f]`."""
    return next((one for one in _NAME_SIGNS if fnmatchcase(one, one_of)), "")
