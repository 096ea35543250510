"""`/turso doctor`: check what the bot depends on, such as Slack, Turso, its own database and the policy."""

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, mrkdwn, sentence, when
from bot.commands._lines import command_line
from bot.commands.base import Context, ReadCommand
from bot.core.reply import Reply
from bot.errors import Unavailable


class DoctorArgs(BaseModel):
    pass


async def run(ctx: Context, args: DoctorArgs) -> Reply:
    """Run the checks and list the failed ones first."""
    if ctx.health is None:
        raise Unavailable("The checks can't run here. Run `turso-ops doctor` on the bot's machine.")
    checks = sorted(await ctx.health(), key=lambda check: check[1])
    failed = sum(1 for _, passed, _ in checks if not passed)
    title = mrkdwn(":stethoscope: All {} checks passed", len(checks))
    if failed:
        title = mrkdwn(":stethoscope: {} of {} checks failed", failed, len(checks))
    lines = [_line(*check) for check in checks]
    sections = [kit.section(Mrkdwn("\n".join(lines[start : start + 6]))) for start in range(0, len(lines), 6)]
    row = kit.actions(*buttons.page(1, "Check again", command_line("doctor")))
    return reply(title, [kit.section(title), *sections, kit.context(mrkdwn("As of {}", when(ctx.now))), *row],
                 private=True)  # fmt: skip


def _line(name: str, passed: bool, finding: str) -> Mrkdwn:
    sign = Mrkdwn(":white_check_mark:" if passed else ":warning:")
    return mrkdwn("{} *{}*: {}", sign, name, sentence(finding[:400]))


command = ReadCommand(
    name="doctor",
    usage="doctor",
    summary="Check Slack, Turso, the bot's own database and the policy",
    args=DoctorArgs,
    position=120,
    run=run,
)
