"""Test cases of a policy: who runs which command where, and the expected verdict and approvers."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from bot.core.actions import action_of_line
from bot.core.model import Channel, ChannelKind, Decision, Person, Subject, Verdict
from bot.core.parsing.grammar import Grammar
from bot.core.policy import document
from bot.core.policy.decide import decide
from bot.core.policy.file_values import ChannelId, UsergroupId, UserId
from bot.core.policy.rules import Policy
from bot.errors import BadInput

DIRECT_MESSAGE: Final = "DM"
_CHANNEL: Final = TypeAdapter[str](ChannelId)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _channel_or_dm(value: Any) -> Any:
    """Accept `DM`, for any direct message, besides the ID of a channel."""
    return value if value == DIRECT_MESSAGE else _CHANNEL.validate_python(value)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Case(_Strict):
    """One test case."""

    subject: UserId
    channel: Annotated[str, BeforeValidator(_channel_or_dm)]
    """A channel ID, or `DM` for a direct message."""
    command: str
    verdict: Verdict
    approvers: Annotated[list[UserId], BeforeValidator(_one_or_more)] | None = None
    quorum: int | None = None
    direct_message: bool | None = None
    """Whether the people in `notify` get a direct message."""
    group: str | None = None
    """The database's group, if a rule depends on it."""
    incident: bool | str = False
    """`true`, or the name of a profile, if an incident is active in the channel."""
    why: str | None = None
    """Text that the reason, or the rule after it, must contain."""


class Cases(_Strict):
    """A file of test cases, with the assumed members of user groups and schedules."""

    usergroups: dict[UsergroupId, list[UserId]] = {}
    oncall: dict[str, list[UserId]] = {}
    """The user IDs of the people on call, by the name of a schedule in the policy's `people`."""
    guests: list[UserId] = []
    externals: list[UserId] = []
    bots: list[UserId] = []
    shared_channels: list[ChannelId] = []
    cases: list[Case]


def run(policy: Policy, text: str, grammar: Grammar[Any]) -> tuple[list[str], bool]:
    """Run every case. Return a line per failure and a summary, and True if all pass.

    If the file can't be read, return what is wrong and False. Without cases, the summary comes with False, too.
    """
    read = document.read(text)
    if read.problems:
        return [str(problem) for problem in read.problems], False
    if not isinstance(read.value, dict | None):
        return [str(read.problem((), "a file of test cases is a mapping of keys: `cases`, `usergroups`, …"))], False
    try:
        cases = Cases.model_validate(read.value or {})
    except ValidationError as error:
        return [str(_located(read, one)) for one in error.errors(include_url=False)], False
    if unknown := [name for name in cases.oncall if not _schedules(policy, name)]:
        line = read.lines.get(("oncall", unknown[0]), 0)
        return [f"line {line}: oncall: `{unknown[0]}` isn't a schedule in the policy's `people`"], False
    lines = []
    for at, case in enumerate(cases.cases):
        if wrong := _wrong(policy, grammar, cases, case):
            line = read.lines.get(("cases", at), 0)
            lines.append(f"line {line}: {case.subject} in {case.channel}: `{case.command}`: {wrong}")
    failed = len(lines)
    count = len(cases.cases)
    return [
        *lines,
        f"{count - failed} of {count} {'case' if count == 1 else 'cases'} passed.",
    ], not failed and count > 0


def _located(read: document.Document, error: Any) -> document.Problem:
    path = tuple(step for step in error["loc"] if step != "[key]")
    return read.problem(path, f"{error['msg'][:1].lower()}{error['msg'][1:]}")


def _wrong(policy: Policy, grammar: Grammar[Any], cases: Cases, case: Case) -> str | None:
    try:
        action = action_of_line(grammar, case.command, group=case.group)
    except BadInput as error:
        return str(error)
    if isinstance(case.incident, str) and case.incident not in policy.profiles:
        return f"`{case.incident}` in `incident` isn't one of the policy's profiles"
    decision = decide(policy, _subject(policy, cases, case), action)
    if decision.verdict is not case.verdict:
        return f"expected {case.verdict.value}, got {decision.verdict.value}: {decision.reason}"
    return _details(case, decision)


def _details(case: Case, decision: Decision) -> str | None:
    if case.approvers is not None and set(case.approvers) != decision.approvers.ids:
        return f"expected the approvers {_ids(case.approvers)}, got {_ids(decision.approvers.ids)}"
    if case.quorum is not None and case.quorum != decision.quorum:
        return f"expected quorum {case.quorum}, got {decision.quorum}"
    if case.direct_message is not None and case.direct_message != decision.direct_message:
        return f"expected direct_message {case.direct_message}, got {decision.direct_message}".lower()
    if case.why is not None and case.why not in f"{decision.reason} {decision.rule or ''}":
        return f"expected a reason with {case.why!r}, got: {decision.reason} ({decision.rule})"
    return None


def _ids(ids: "list[str] | frozenset[str]") -> str:
    return ", ".join(sorted(ids)) or "no one"


def _subject(policy: Policy, cases: Cases, case: Case) -> Subject:
    kind = ChannelKind.DM if case.channel == DIRECT_MESSAGE else ChannelKind.CHANNEL
    groups: Mapping[str, frozenset[str] | None] = {name: frozenset(ids) for name, ids in cases.usergroups.items()}
    on_call = {key: frozenset(ids) for name, ids in cases.oncall.items() for key in _schedules(policy, name)}
    known = {**groups, **on_call}
    profile = policy.incident_profile(case.channel) if case.incident is True else case.incident or None
    return Subject(
        person=Person(
            case.subject,
            next(iter(policy.workspaces), ""),
            is_bot=case.subject in cases.bots,
            is_guest=case.subject in cases.guests,
            is_stranger=case.subject in cases.externals,
        ),
        channel=Channel(case.channel, kind, is_ext_shared=case.channel in cases.shared_channels),
        groups={name: known.get(name, frozenset()) for name in policy.groups | known.keys()},
        incident_profile=profile,
    )


def _schedules(policy: Policy, name: str) -> frozenset[str]:
    """Return the keys of the schedules in an entry of the policy's `people`."""
    one = policy.people.get(name)
    return frozenset(each.schedule.key for each in one.oncalls) if one else frozenset()
