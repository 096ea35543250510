"""For a message that shows a token, the sandbox page has a command to paste, and the pasted command works."""

import asyncio

import pytest

from bot.sandbox.page.shell_command import shell_command
from tests.world import DANA, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_pasted_command_opens_the_database(world: World) -> None:
    shown = await world.person(DANA).types("/turso token orders --read-only --expiration 1h")
    command = shell_command(shown)
    assert command is not None

    shell = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    answer, _ = await shell.communicate()

    assert shell.returncode == 0
    assert b'"type":"ok"' in answer.replace(b" ", b"")
    assert b"order" in answer


async def test_messages_without_a_token_have_no_command_to_paste(world: World) -> None:
    listed = await world.person(DANA).types("/turso show orders")

    assert shell_command(listed) is None
