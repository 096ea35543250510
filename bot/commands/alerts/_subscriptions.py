"""Helpers of the commands about alerts: option types, and a channel's alerts in words."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import BeforeValidator

from bot.blocks.text import Mrkdwn, joined, mention, mrkdwn
from bot.commands._rights import judge
from bot.commands.base import Context
from bot.commands.usage import usage
from bot.core.alerts import AlertSubscription, merged
from bot.core.alerts.thresholds import NotAThreshold, factor_text, quota_thresholds, spike_factor
from bot.core.model import Verdict, Visibility
from bot.core.parsing.arguments import Phrase, quoted, wrong, wrong_value
from bot.core.policy import Policy
from bot.core.ports import ReadStore
from bot.errors import BadInput

MOST_MENTIONS: Final = 5
LIST: Final = "alert list"
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)>|<!subteam\^(S[A-Z0-9]+)>|([UWS][A-Z0-9]{2,})", re.ASCII)


def _quota(value: object) -> str:
    try:
        return ",".join(map(str, quota_thresholds(part for part in str(value).split(",") if part.strip())))
    except NotAThreshold as error:
        raise wrong(str(error)) from None


def _spike(value: object) -> str:
    try:
        return factor_text(spike_factor(value))
    except NotAThreshold as error:
        raise wrong(str(error)) from None


def _mentions(value: object) -> str:
    words = str(value).replace(",", " ").split()
    found = [_MENTION.fullmatch(word) for word in words]
    if odd := next((word for word, match in zip(words, found, strict=True) if match is None), None):
        raise wrong(f"takes people or user groups, not {quoted(odd)}. Type `@` and pick them from Slack's suggestions")
    ids = list(dict.fromkeys(match[1] or match[2] or match[3] for match in found if match))
    if not 1 <= len(ids) <= MOST_MENTIONS:
        raise wrong_value(f"`{{label}}` takes one to {MOST_MENTIONS} people or user groups.")
    return ",".join(ids)


def _count_mentions(words: Sequence[str]) -> int:
    """Return how many of these words belong to `--to`: the first, and the mentions directly after it."""
    more = next((at for at, word in enumerate(words[1:], 1) if not _MENTION.fullmatch(word.strip(","))), len(words))
    return max(more, 1)


Quota = Annotated[str, BeforeValidator(_quota)]
Spike = Annotated[str, BeforeValidator(_spike)]
Mentions = Annotated[
    str | None, Phrase(_count_mentions), BeforeValidator(lambda v: None if v is None else _mentions(v))
]


def mentioned(ids: Sequence[str]) -> Mrkdwn:
    """Return mentions of people and user groups."""
    return joined(" ", (mention(f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>") for one in ids))


def chosen(one: AlertSubscription) -> list[str]:
    """Return in words which alerts a channel has turned on, without those in `ALWAYS`."""
    quota = [f"{each}%" for each in one.quota]
    last = f"{', '.join(quota[:-1])} or {quota[-1]}" if len(quota) > 1 else "".join(quota)
    return [
        *([f"a quota reaches {last}"] if quota else []),
        *([f"a database's usage reaches {one.spike:g} times its usual level"] if one.spike is not None else []),
        *(["a quota will probably be used up"] if one.forecast else []),
    ]


ALWAYS: Final = (
    "several people's tokens for a database expire within a day",
    "a database has been frozen for more than a week",
    "something in Turso Ops itself fails",
)
"""Alerts that every channel with alerts gets."""


async def subscription_of(ctx: Context) -> AlertSubscription | None:
    """Return the alerts of this channel: its own, or else those of the policy file. None if it gets none."""
    return await subscription_in(ctx.store, ctx.policy, ctx.subject.channel.id, ctx.now)


async def subscription_in(store: ReadStore, policy: Policy, channel_id: str, now: datetime) -> AlertSubscription | None:
    """Return the alerts of a channel: its own, or else those of the policy file. None if it gets none."""
    bound = policy.channels.get(channel_id)
    if bound is None:
        return None
    stored, mutes = await store.alerts.stored_subscriptions(), await store.alerts.mutes(now)
    found = merged(stored, policy.alerts, mutes, organization=bound.organization)
    return next((one for one in found if one.channel_id == channel_id), None)


def require_shown(ctx: Context) -> None:
    """Refuse unless the requester may see here, in answers to the channel, what its alerts would show.

    Raises:
        BadInput: they may not, so the alerts wouldn't be posted.
    """
    if ctx.subject.channel.id not in ctx.policy.channels:
        raise BadInput("The policy has no rules for this channel, so it can't get alerts.")
    for name in (LIST, usage.command.name):
        decision = judge(ctx, name)
        if decision.verdict is not Verdict.ALLOW:
            raise BadInput(f"Not everyone in this channel is allowed to use `{name}`, so the channel can't get alerts.")
        if decision.visibility is not Visibility.CHANNEL:
            raise BadInput(f"Answers to `{name}` are private in this channel, so the channel can't get alerts.")


def in_policy(ctx: Context) -> AlertSubscription | None:
    """Return the alerts that the policy file turns on in this channel. None if there are none."""
    return next((one for one in ctx.policy.alerts if one.channel_id == ctx.subject.channel.id), None)


def partly(ctx: Context) -> Mrkdwn:
    """Return a note that this channel sees no numbers of the whole organization. Empty if it has every database."""
    if ctx.scope.covers_all:
        return Mrkdwn("")
    return mrkdwn(
        "This channel covers only some databases, so its alerts leave out figures for the whole organization."
    )
