"""`/turso whoami`: show who you are to the bot, what you may do here, and YAML for the policy."""

from collections.abc import Mapping

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.rights import NOTHING, databases_text, right_lines, silent_groups
from bot.blocks.text import Mrkdwn, Plain, joined, mention, mrkdwn, person, when
from bot.commands._rights import rights_here
from bot.commands.base import Context, ReadCommand
from bot.core.model import ChannelKind, Person
from bot.core.oncall import Schedule, is_schedule
from bot.core.policy import may_delegate_to
from bot.core.reply import Block, Reply

Groups = Mapping[str, frozenset[str] | None]


class WhoamiArgs(BaseModel):
    pass


async def run(ctx: Context, args: WhoamiArgs) -> Reply:
    """Return the person's identity and permissions, and YAML with the IDs that the policy lacks."""
    who, groups = ctx.subject.person, await ctx.every_group() if ctx.every_group else ctx.subject.groups
    title = mrkdwn(":bust_in_silhouette: You are {}{}", person(who.id), _standing(who))
    return reply(
        title,
        [
            kit.section(title),
            *_rights(ctx),
            kit.section(Mrkdwn("\n".join([*_groups(who, groups), *await _delegations(ctx, groups), *_place(ctx)]))),
            *_proposal(ctx),
        ],
        private=True,
    )


def _standing(who: Person) -> Mrkdwn:
    words = [
        word
        for word, is_so in (
            ("a guest", who.is_guest),
            ("from another workspace", who.is_stranger),
            ("a bot", who.is_bot),
            ("deactivated", who.is_deactivated),
        )
        if is_so
    ]
    return mrkdwn(" ({})", ", ".join(words)) if words else Mrkdwn("")


def _rights(ctx: Context) -> list[Block]:
    lines = right_lines(rights_here(ctx), ctx.policy.catalogue) or ([NOTHING] if ctx.organization else [])
    return [kit.section(Mrkdwn("\n".join(lines)))] if lines else []


def _groups(who: Person, groups: Groups) -> list[Mrkdwn]:
    """Return lines with a person's user groups in the policy, whether they are on call, and what isn't known."""
    unknown = sorted(group for group, members in groups.items() if members is None)
    mine = _mine(who, groups)
    lines = [mrkdwn("Your user groups in the policy: {}.", _mentions([one for one in mine if not is_schedule(one)]))]
    if providers := dict.fromkeys(Schedule.of(one).provider.label for one in mine if is_schedule(one)):
        lines.append(mrkdwn("You are on call, according to {}.", " and ".join(providers)))
    if unknown:
        lines.append(mrkdwn(":warning: {}, so I can't tell whether that includes you.", silent_groups(unknown)))
    return lines


async def _delegations(ctx: Context, groups: Groups) -> list[Mrkdwn]:
    """Return lines about who approves for this person, and for whom this person approves."""
    me, lines = ctx.subject.person, list[Mrkdwn]()
    for one in await ctx.store.delegations.active(ctx.now):
        # To save calls to Slack, other people count as full members here. Every click is authorized with fresh data.
        approver = me if one.person == me.id else Person(one.person, me.team_id)
        allowed = may_delegate_to(ctx.policy, approver, one.delegate, groups)
        can, were = ("can", "can") if allowed else ("was chosen to", "were chosen to")
        but = Mrkdwn("") if allowed else Mrkdwn(", but the policy no longer allows that")
        if one.person == me.id:
            lines.append(mrkdwn("{} {} approve for you until {}{}.", person(one.delegate), can, when(one.until), but))
        if one.delegate == me.id:
            lines.append(mrkdwn("You {} approve for {} until {}{}.", were, person(one.person), when(one.until), but))
    return lines


def _mine(who: Person, groups: Groups) -> list[str]:
    return sorted(group for group, members in groups.items() if members and who.id in members)


def _mentions(groups: list[str]) -> Mrkdwn:
    return joined(", ", (mention(f"<!subteam^{one}>") for one in groups)) or mrkdwn("none")


def _place(ctx: Context) -> list[Mrkdwn]:
    lines = []
    if ctx.organization:
        lines.append(mrkdwn("This channel can use {} in the organization `{}`.", _patterns(ctx), ctx.organization))
    else:
        lines.append(mrkdwn("The policy has no rules for this conversation."))
    if ctx.subject.incident_profile:
        lines.append(mrkdwn(":rotating_light: An incident is active here, with the profile `{}`.",
                            ctx.subject.incident_profile))  # fmt: skip
    return lines


def _patterns(ctx: Context) -> Mrkdwn:
    return databases_text(ctx.scope.databases)


def _proposal(ctx: Context) -> list[Block]:
    """Return YAML that adds the workspace, person or channel if the policy lacks it, or a note if it has all.

    A conversation that isn't a channel can't be added.
    """
    lines = _yaml(ctx)
    if not lines:
        named = "you and this channel" if ctx.subject.channel.kind is ChannelKind.CHANNEL else "you"
        return [kit.context(mrkdwn("The policy already names {}, so there is nothing to add.", named))]
    note = mrkdwn(
        "If you need access here, ask an admin to add this to the policy. Only the IDs matter; the names are comments."
    )
    return [kit.context(note), *kit.preformatted(*lines)]


def _yaml(ctx: Context) -> list[Plain | str]:
    who, channel, policy = ctx.subject.person, ctx.subject.channel, ctx.policy
    lines: list[Plain | str] = [] if policy.workspaces else [f"workspace: {Plain(who.team_id)}"]
    if who.id not in policy.named.users | policy.named.guests | policy.named.externals:
        kind = "guest" if who.is_guest else "user"
        lines += ["people:", f"  somebody: {{{kind}: {Plain(who.id)}}}  # {Plain(who.name)[:80]}"]
    if channel.kind is ChannelKind.CHANNEL and channel.id not in policy.channels:
        here = ctx.scope.databases.patterns if ctx.scope.databases else ("*",)
        lines += ["channels:", f"  {Plain(channel.id)}:  # {Plain(channel.name)[:80]}"]
        lines += [f"    organization: {Plain(ctx.organization)}"] if ctx.organization else []
        patterns = ", ".join(f'"{Plain(one)}"' for one in here)
        lines += [f"    databases: [{patterns}]", "    rules:", "      - {allow: read}"]
    return lines


command = ReadCommand(
    name="whoami",
    usage="whoami",
    summary="Show your permissions and what the policy says about you",
    args=WhoamiArgs,
    position=30,
    run=run,
    open_to_all=True,
)
