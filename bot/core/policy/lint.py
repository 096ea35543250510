"""Checks that need the whole file: keys that can't be combined, unknown names, settings without effect."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from bot.core.catalogue import CommandCatalogue
from bot.core.oncall import Provider
from bot.core.parsing.durations import NotADuration, duration_text, parse_duration
from bot.core.policy.alert_defaults import check_channels, people_of_alerts
from bot.core.policy.document import Document, Path, Problem, quote
from bot.core.policy.rules import DEFAULT_EXPIRES
from bot.core.requests.reminder_times import reminder_due

_VERDICTS = ("allow", "approve", "break_glass", "deny")
_BELONGS = {
    "by": ("approve",),
    "quorum": ("approve",),
    "expires": ("approve",),
    "notify": ("approve", "break_glass"),
    "direct_message": ("approve",),
    "escalate_to": ("approve",),
    "review_by": ("break_glass",),
    "review_within": ("break_glass",),
    "blocks_while_owed": ("break_glass",),
    "confirm": ("allow", "approve"),
    "start_within": ("allow", "approve", "break_glass"),
    "requires": ("allow", "approve", "break_glass"),
    "max_lifetime": ("allow", "approve", "break_glass"),
    "allow_never": ("allow", "approve", "break_glass"),
    "countdown": ("allow", "approve", "break_glass"),
    "undo_by": ("allow", "approve", "break_glass"),
    "visibility": ("allow", "approve", "break_glass"),
}
_BUT = {
    ("confirm", "break_glass"): ", which runs immediately and asks for a reason instead. Leave out `confirm`",
    ("direct_message", "break_glass"): ", which sends one in any case. Leave out `direct_message`",
}
_WITH_NOTIFY = {"escalate_to": "who is reminded first", "direct_message": "who gets it"}
_READS = {True: ("only reads", "it is"), False: ("only read", "they are")}
_PEOPLE_KEYS = ("to", "by", "notify", "escalate_to", "undo_by", "review_by")
_NOT_ON_CALL = ("to", "undo_by")


def unknown_key(key: str, allowed: list[str]) -> str:
    """Return a sentence about an unknown key, with a similar key and all allowed keys."""
    close = get_close_matches(key, allowed, 1)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    return f"`{key}` isn't allowed here. {hint}Allowed: {', '.join(allowed)}"


def check(
    read: Document, raw: Mapping[str, Any], catalogue: CommandCatalogue, default_organization: str | None
) -> tuple[list[Problem], list[Problem]]:
    """Return errors and warnings. If `raw` doesn't fit the schema, the schema reports that."""
    lint = _Lint(read, raw, catalogue)
    for path, rule in _rules_of(raw):
        lint.rule(path, rule)
    lint.people()
    lint.profiles()
    lint.organizations(default_organization)
    lint.channels()
    for path, people in people_of_alerts(raw):
        lint.references(path, people)
        lint.without_schedules(path, people)
    lint.errors += check_channels(read, raw, default_organization)
    return lint.errors, lint.warnings


def _rules_of(raw: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for section in ("channels", "profiles"):
        for name, one in _dict(raw.get(section)).items():
            for at, rule in enumerate(_list(_dict(one).get("rules"))):
                if isinstance(rule, dict):
                    yield (section, name, "rules", at), rule


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class _Lint:
    def __init__(self, read: Document, raw: Mapping[str, Any], catalogue: CommandCatalogue) -> None:
        self.read, self.raw, self.catalogue = read, raw, catalogue
        self.names = _dict(raw.get("people"))
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def error(self, path: Path, sentence: str) -> None:
        self.errors.append(self.read.problem(path, sentence))

    def warn(self, path: Path, sentence: str) -> None:
        self.warnings.append(self.read.problem(path, sentence))

    def rule(self, path: Path, rule: Mapping[str, Any]) -> None:
        for key in _PEOPLE_KEYS:
            self.references((*path, key), rule.get(key))
        for key in _NOT_ON_CALL:
            self.without_schedules((*path, key), rule.get(key))
        verdicts = [key for key in _VERDICTS if key in rule]
        if len(verdicts) != 1:
            has = "has none" if not verdicts else "has " + " and ".join(f"`{one}`" for one in verdicts)
            self.error(path, f"a rule needs exactly one of `allow`, `approve`, `break_glass`, `deny`; this one {has}")
            return
        verdict = verdicts[0]
        for key, belongs in _BELONGS.items():
            if key in rule and verdict not in belongs:
                why = _BUT.get((key, verdict), "")
                self.error((*path, key), f"`{key}` belongs to {_any_of(belongs)}, and this rule is `{verdict}`{why}")
        if verdict == "approve" and "by" not in rule:
            self.error(path, "`approve` needs `by`: who approves")
        for key, what in _WITH_NOTIFY.items():
            if key in rule and "notify" not in rule:
                self.error((*path, key), f"`{key}` needs `notify`: {what}")
        if verdict == "break_glass" and "review_by" not in rule:
            self.error(path, "`break_glass` needs `review_by`: who reviews it afterwards")
        self._check_commands(path, rule, verdict)
        self._check_quorum(path, rule)
        if verdict == "approve" and "notify" in rule:
            self._check_escalation(path, rule)

    def _check_commands(self, path: Path, rule: Mapping[str, Any], verdict: str) -> None:
        commands = [self.catalogue.canonical(str(one).split(" -")[0]) for one in _list(rule[verdict])]
        for key in rule:
            about = self.catalogue.about(str(key))
            if about and not any(one in commands for one in about):
                names = " or ".join(f"`{one}`" for one in about)
                self.warn((*path, key), f"`{key}` only matters for {names}, which this rule doesn't include")
        reading = [one for one in commands if one == "read" or one in self.catalogue.reading]
        if reading and verdict in ("approve", "break_glass"):
            names, (reads, are) = ", ".join(f"`{one}`" for one in reading), _READS[len(reading) == 1]
            why = f"{names} {reads}, so there is nothing to approve"
            self.warn((*path, verdict), f"{why}; under `{verdict}` {are} always denied. Use `allow`")
        if ceiling := _duration(_dict(self.raw.get("ceiling")).get("token_lifetime")):
            longest = _duration(rule.get("max_lifetime"))
            if longest and longest > ceiling:
                self.warn((*path, "max_lifetime"), f"`ceiling.token_lifetime` limits this to {duration_text(ceiling)}")
            if rule.get("allow_never") is True:
                self.warn((*path, "allow_never"), "`ceiling.token_lifetime` forbids `never` everywhere")

    def _check_quorum(self, path: Path, rule: Mapping[str, Any]) -> None:
        """Report a quorum that is larger than the number of named people."""
        quorum, users = rule.get("quorum"), set[str]()
        for word in _list(rule.get("by")):
            found = self._users(str(word))
            if found is None:
                return
            users |= found
        if isinstance(quorum, int) and users and quorum > len(users):
            named = "1 person" if len(users) == 1 else f"{len(users)} people"
            self.error((*path, "quorum"), f"`by` names only {named}, so {quorum} approvals can never be given")

    def _check_escalation(self, path: Path, rule: Mapping[str, Any]) -> None:
        """Warn about people who are never reminded, because requests expire before their first reminder."""
        entries, expires = _list(rule.get("escalate_to")), _duration(rule.get("expires")) or DEFAULT_EXPIRES
        late = [quote(str(one)) for number, one in enumerate(entries, 2) if reminder_due(number) >= expires]
        if late:
            least, are = duration_text(reminder_due(len(entries) + 1)), "is" if len(late) == 1 else "are"
            why = f"{', '.join(late)} {are} never reminded, because requests expire after {duration_text(expires)}"
            self.warn((*path, "escalate_to"), f"{why}; set `expires` to more than {least}")

    def _users(self, word: str) -> set[str] | None:
        """Return the user IDs that a word refers to. None if they have to be looked up."""
        if word not in self.names:
            prefix, _, id_ = word.partition(":")
            return {id_ or prefix} if prefix != "usergroup" and not word.startswith("S") else None
        one = _dict(self.names[word])
        if one.get("usergroup") or one.get("usergroups") or one.get("oncall"):
            return None
        keys = ("user", "users", "guest", "guests", "external", "externals")
        return {str(id_) for key in keys for id_ in _list(one.get(key))}

    def references(self, path: Path, value: Any) -> None:
        for at, word in enumerate(_list(value)):
            if not isinstance(word, str) or ":" in word or word in self.names or _is_id(word):
                continue
            here = (*path, at) if isinstance(value, list) else path
            close = get_close_matches(word, list(self.names), 1)
            known = (
                f"Did you mean `{close[0]}`?"
                if close
                else f"`people` has {_any_of(tuple(self.names)) or 'no entries'}."
            )
            self.error(here, f"{quote(word)} isn't in `people`. {known} Or write an ID: `user:U…`, `usergroup:S…`")

    def people(self) -> None:
        for name, one in self.names.items():
            if isinstance(one, dict) and not any(value for key, value in one.items() if key != "may_delegate_to"):
                self.error(("people", name), "names no one; write `user: U…`, `users: [U…]` or `usergroup: S…`")
            if ":" in name or _is_id(name):
                self.error(("people", name), "looks like an ID; choose a name of your own, such as `dba`")
        self.references(("incidents", "to"), _dict(self.raw.get("incidents")).get("to"))
        self.without_schedules(("incidents", "to"), _dict(self.raw.get("incidents")).get("to"))
        for name, one in self.names.items():
            delegates = _dict(one).get("may_delegate_to")
            self.references(("people", name, "may_delegate_to"), delegates)
            self.without_schedules(("people", name, "may_delegate_to"), delegates)
        self.schedules()

    def without_schedules(self, path: Path, value: Any) -> None:
        """Report schedules under a key that takes none."""
        for word in _list(value):
            if isinstance(word, str) and _dict(self.names.get(word)).get("oncall"):
                self.error(
                    path, f"{quote(word)} is a schedule; only `by`, `notify`, `escalate_to` and `review_by` take one"
                )

    def schedules(self) -> None:
        """Report schedules with missing or contradictory keys, and those whose people have no Slack ID."""
        known = _dict(self.raw.get("oncall_users"))
        for name, one in self.names.items():
            oncall = _dict(one).get("oncall")
            if not isinstance(oncall, dict):
                continue
            path = ("people", name, "oncall")
            if len([key for key in ("schedule", "escalation_policy") if key in oncall]) != 1:
                self.error(path, "needs one of `schedule` and `escalation_policy`")
            provider = oncall.get("provider")
            if provider in tuple(Provider) and not Provider(provider).has_policies:
                for key in ("escalation_policy", "level"):
                    if key in oncall:
                        self.error((*path, key), f"`{key}` isn't for {Provider(provider).label}; name a `schedule`")
            if isinstance(provider, str) and not _dict(known.get(provider)):
                self.warn(path, f"has no one, because `oncall_users.{provider}` names no Slack IDs")

    def profiles(self) -> None:
        known = _dict(self.raw.get("profiles"))
        wanted: list[tuple[Path, Any]] = [
            (("channels", id_, "profile"), _dict(one).get("profile")) for id_, one in self._channels().items()
        ]
        incidents = self.raw.get("incidents")
        if isinstance(incidents, dict):
            wanted.append((("incidents", "profile"), incidents.get("profile", "incident")))
        for path, name in wanted:
            if isinstance(name, str) and name not in known:
                self.error(path, f"there is no profile {quote(name)}; `profiles` has {_any_of(tuple(known)) or 'none'}")

    def organizations(self, default: str | None) -> None:
        known = _dict(self.raw.get("organizations"))
        places: list[tuple[Path, Mapping[str, Any]]] = [
            (("channels", id_), _dict(one)) for id_, one in self._channels().items()
        ]
        places.append((("incidents",), _dict(self.raw.get("incidents"))))
        for path, where in [((), self.raw), *places]:
            name = where.get("organization")
            if isinstance(name, str) and known and name not in known:
                sentence = f"there is no organization {quote(name)}; `organizations` has {_any_of(tuple(known))}"
                self.error((*path, "organization"), sentence)
        if self.raw.get("organization") is not None:
            return
        for path, where in places:
            if not where or where.get("organization") is not None:
                continue
            if default and known and default not in known:
                self.error(
                    path, f"TURSO_ORGANIZATION is `{default}`, which isn't in `organizations`; set `organization` here"
                )
            elif not default and len(known) != 1:
                self.warn(path, "sets no organization, so TURSO_ORGANIZATION is used")

    def channels(self) -> None:
        for id_, one in self._channels().items():
            if isinstance(one, dict) and not one.get("databases"):
                self.warn(("channels", id_), 'has no `databases`, so no database can be used; `["*"]` means all')
            if isinstance(one, dict) and not one.get("rules") and not one.get("profile"):
                self.warn(("channels", id_), "has no `rules`, so everything is denied there")

    def _channels(self) -> Mapping[str, Any]:
        return _dict(self.raw.get("channels"))


def _is_id(word: str) -> bool:
    """Return True for `U0ANA` and `S0DBA` but not for `SRE`. Only a word with a digit counts as an ID."""
    return bool(re.fullmatch(r"[UWS](?=[A-Z]{0,40}[0-9])[A-Z0-9]+", word))


def _duration(value: Any) -> Any:
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except NotADuration:
        return None


def _any_of(words: tuple[str, ...]) -> str:
    return " or ".join(f"`{word}`" for word in words)
