"""Which databases a rule means: globs over names, and `group:NAME`."""

import re
from dataclasses import dataclass
from fnmatch import translate

from bot.core.model import Target

GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Databases:
    """A compiled list of patterns."""

    patterns: tuple[str, ...]
    everything: bool
    names: re.Pattern[str] | None
    groups: frozenset[str]

    @classmethod
    def of(cls, patterns: tuple[str, ...]) -> "Databases":
        """Compile patterns that were checked before."""
        globs = [pattern for pattern in patterns if not pattern.startswith(GROUP)]
        return cls(
            patterns=patterns,
            everything="*" in globs,
            names=re.compile("|".join(map(translate, globs))) if globs else None,
            groups=frozenset(pattern.removeprefix(GROUP) for pattern in patterns if pattern.startswith(GROUP)),
        )

    def have(self, target: Target, *, unknown: bool = False) -> bool:
        """Say whether a database is meant; `unknown` is the answer where only its group, not known, would tell."""
        if self.everything or (self.names is not None and self.names.match(target.name)):
            return True
        if not self.groups:
            return False
        return unknown if target.group is None else target.group in self.groups

    def __str__(self) -> str:
        return ", ".join(self.patterns) or "none"
