"""Test cases of a policy: who runs which command where, and the expected verdict and approvers."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bot.core.actions import action_of_line
from bot.core.model import Channel, ChannelKind, Decision, Person, Subject, Verdict
from bot.core.parsing.grammar import Grammar
from bot.core.policy import document
from bot.core.policy.decide import decide
from bot.core.policy.rules import Policy
from bot.errors import BadInput


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Case(_Strict):
    """One test case."""

    subject: str
    """A user ID."""
    channel: str
    """A channel ID, or `DM` for a direct message."""
    command: str
    verdict: Verdict
    approvers: Annotated[list[str], BeforeValidator(_one_or_more)] | None = None
    quorum: int | None = None
    direct_message: bool | None = None
    """Whether the people in `notify` get a direct message."""
    group: str | None = None
    """The database's group, if a rule depends on it."""
    incident: bool | str = False
    """`true`, or the name of a profile, if an incident is active in the channel."""
    why: str | None = None
    """Text that the reason must contain."""


class Cases(_Strict):
    """A file of test cases, with the assumed members of user groups and schedules."""

    usergroups: dict[str, list[str]] = {}
    oncall: dict[str, list[str]] = {}
    """The user IDs of the people on call, by the name of a schedule in the policy's `people`."""
    guests: list[str] = []
    externals: list[str] = []
    bots: list[str] = []
    shared_channels: list[str] = []
    cases: list[Case]


def run(policy: Policy, text: str, grammar: Grammar[Any]) -> tuple[list[str], bool]:
    """Run every case. Return a line per failure and a summary, and True if all pass."""
    read = document.read(text)
    if read.problems:
        return [str(problem) for problem in read.problems], False
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
    return read.problem(tuple(error["loc"]), f"{error['msg'][:1].lower()}{error['msg'][1:]}")


def _wrong(policy: Policy, grammar: Grammar[Any], cases: Cases, case: Case) -> str | None:
    try:
        action = action_of_line(grammar, case.command, group=case.group)
    except BadInput as error:
        return str(error)
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
    kind = ChannelKind.DM if case.channel == "DM" else ChannelKind.CHANNEL
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
