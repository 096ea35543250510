"""`/turso help [COMMAND]`: explain one command, or list those that the requester may use here."""

from itertools import groupby
from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.inputs import option_lines
from bot.blocks.message import reply
from bot.blocks.rights import right_lines, right_note, unknown_groups
from bot.blocks.text import Mrkdwn, joined, mrkdwn, sentence
from bot.commands._rights import judge, rights_here, unknown_here
from bot.commands.base import Command, Context, ReadCommand
from bot.core.parsing.arguments import Rest
from bot.core.parsing.grammar import Grammar
from bot.core.policy import Right
from bot.core.reply import Block, Reply


class HelpArgs(BaseModel):
    command: Annotated[str | None, Rest()] = None


async def run(ctx: Context, args: HelpArgs) -> Reply:
    """Return the help for one command, or a list of the commands that the requester may use here."""
    return _help_on(ctx, args.command) if args.command else _all(ctx)


def _all(ctx: Context) -> Reply:
    here = _by_command(ctx)
    title = mrkdwn(":wave: *What you can do here*")
    commands = [command for command in ctx.table if command.name in here]
    viewing = [_line(command, here[command.name]) for command in commands if not command.changes]
    change = [_line(command, here[command.name]) for command in commands if command.changes]
    return reply(
        title,
        [
            kit.section(title),
            *_group("*View*", viewing),
            *_group("*Change*", change),
            *([] if change else [kit.context(_where(ctx))]),
            *([kit.context(unknown)] if (unknown := unknown_groups(unknown_here(ctx))) else []),
            kit.context(
                mrkdwn("`/turso help COMMAND` says more. Commands that change something accept `--reason`, `--ticket` "
                       "and `--dry-run`. `--private` shows an answer only to you."),
            ),
        ],
        private=True,
    )  # fmt: skip


def _group(title: str, lines: list[Mrkdwn]) -> list[Block]:
    """Return lines in blocks of at most nine, because a longer block would be cut."""
    return [
        kit.section(Mrkdwn("\n".join([*([title] if title and start == 0 else []), *lines[start : start + 9]])))
        for start in range(0, len(lines), 9)
    ]


def _by_command(ctx: Context) -> dict[str, list[Right]]:
    return {name: list(found) for name, found in groupby(rights_here(ctx), key=lambda one: one.command)}


def _line(command: Command, rights: list[Right]) -> Mrkdwn:
    words = mrkdwn("`{}` {}", command.usage or "/turso", command.summary)
    return joined(" ", (words, right_note(rights)))


def _where(ctx: Context) -> Mrkdwn:
    if ctx.subject.channel.id.startswith("D"):
        return mrkdwn("Direct messages only support these. Use a channel for everything else.")
    return mrkdwn("`/turso whoami` shows what an admin can add to the policy to allow more here.")


def _help_on(ctx: Context, typed: str) -> Reply:
    parent = " ".join(typed.lower().split())
    family = [one for one in ctx.table if one.name.startswith(f"{parent} ")]
    if family and all(one.name != parent for one in ctx.table):
        return _family(ctx, parent, family)
    command = Grammar(ctx.table).named(typed.strip('"'))
    if command.name == ctx.policy.catalogue.home:
        return _all(ctx)
    title = mrkdwn(":book: `/turso {}`", command.usage)
    rights = _by_command(ctx).get(command.name, [])
    other = "Other name" if len(command.aliases) == 1 else "Other names"
    also = mrkdwn("{}: {}", other, joined(", ", (mrkdwn("`{}`", alias) for alias in command.aliases)))
    row = [buttons.form(command.name, "Open the form")] if rights and command.args.model_fields else []
    return reply(
        title,
        [
            kit.section(title),
            kit.section(mrkdwn("{}.", command.summary)),
            *_group("*Options*" if (options := option_lines(command.args)) else "", options),
            *_group("*Then*" if family else "", _family_lines(ctx, family)),
            kit.context(_verdict(ctx, command, rights), also if command.aliases else Mrkdwn("")),
            *kit.actions(*row),
        ],
        private=True,
    )


def _family(ctx: Context, parent: str, commands: list[Command]) -> Reply:
    """Return the help for a family (`help incident`), including commands that the requester may not use here."""
    title = mrkdwn(":book: `/turso {}`", parent)
    note = kit.context(mrkdwn("`/turso help COMMAND` says more."))
    return reply(title, [kit.section(title), *_group("", _family_lines(ctx, commands)), note], private=True)


def _family_lines(ctx: Context, commands: list[Command]) -> list[Mrkdwn]:
    here = _by_command(ctx)
    return [_line(one, here[one.name]) if one.name in here else
            mrkdwn("`{}` {} _(not here)_", one.usage, one.summary) for one in commands]  # fmt: skip


def _verdict(ctx: Context, command: Command, rights: list[Right]) -> Mrkdwn:
    if not rights:
        return mrkdwn(":no_entry: Not available here. {}", sentence(judge(ctx, command.name).reason))
    return joined("\n", right_lines(rights, ctx.policy.catalogue)) or mrkdwn("Everyone can use this.")


command = ReadCommand(
    name="help",
    usage="help [COMMAND]",
    summary="Show what you can do here",
    args=HelpArgs,
    position=20,
    run=run,
    open_to_all=True,
)
