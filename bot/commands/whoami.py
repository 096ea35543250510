"""`/turso whoami`: who the bot thinks you are, as YAML to paste into the policy."""

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, joined, mrkdwn, person
from bot.commands.base import Context, Reading
from bot.core.model import ChannelKind, Person
from bot.core.reply import Reply


class WhoamiArgs(BaseModel):
    pass


async def run(ctx: Context, args: WhoamiArgs) -> Reply:
    """Person, channel and groups by their ids: only ids are rights."""
    who, channel = ctx.subject.person, ctx.subject.channel
    title = mrkdwn(":bust_in_silhouette: You are {}, `{}`{}", person(who.id), who.id, _standing(who))
    if not channel.id:
        return reply(title, [kit.section(title)], private=True)
    return reply(
        title,
        [
            kit.section(title),
            kit.section(mrkdwn("For the policy; names are comments, ids are rights:")),
            *kit.preformatted(*_yaml(ctx)),
            kit.context(*_notes(ctx)),
        ],
        private=True,
    )


def _standing(who: Person) -> Mrkdwn:
    words = [
        word
        for word, is_so in (
            ("a guest", who.is_guest),
            ("of another workspace", who.is_stranger),
            ("a bot", who.is_bot),
            ("deactivated", who.is_deactivated),
        )
        if is_so
    ]
    return mrkdwn(" ({})", ", ".join(words)) if words else Mrkdwn("")


def _yaml(ctx: Context) -> list[Plain | str]:
    who, channel = ctx.subject.person, ctx.subject.channel
    lines: list[Plain | str] = [f"workspace: {Plain(who.team_id)}"]
    lines += ["people:", f"  somebody: {{user: {Plain(who.id)}}}  # {Plain(who.name)[:80]}"]
    lines += [f"  group-{at}: {{usergroup: {Plain(group)}}}" for at, group in enumerate(_groups(ctx), start=1)]
    if channel.kind is ChannelKind.CHANNEL:
        lines += ["channels:", f"  {Plain(channel.id)}:  # {Plain(channel.name)[:80]}"]
        lines += ['    databases: ["*"]', "    rules:", "      - {allow: read}"]
    return lines


def _groups(ctx: Context) -> list[str]:
    me = ctx.subject.person.id
    return sorted(group for group, members in ctx.subject.groups.items() if members and me in members)


def _notes(ctx: Context) -> list[Mrkdwn]:
    groups, unknown = ctx.subject.groups, [group for group, members in ctx.subject.groups.items() if members is None]
    mine = _groups(ctx)
    notes = [mrkdwn("Of the policy's {} user groups you are in: {}.", len(groups), ", ".join(mine) or "none")]
    if unknown:
        notes.append(mrkdwn(":warning: Slack did not tell the members of {}.", ", ".join(unknown)))
    if ctx.subject.incident_profile:
        notes.append(mrkdwn("An incident runs here: its profile is `{}`.", ctx.subject.incident_profile))
    if ctx.organization:
        patterns = str(ctx.scope.databases) if ctx.scope.databases else "none"
        notes.append(mrkdwn("This channel has `{}` of the organization `{}`.", patterns, ctx.organization))
    else:
        notes.append(mrkdwn("The policy has nothing for this channel."))
    return [joined(" ", notes)]


command = Reading(
    name="whoami",
    usage="whoami",
    summary="Who the bot thinks you are, as YAML for the policy",
    args=WhoamiArgs,
    run=run,
    open_to_all=True,
)
