"""`home`, `help`, `whoami`, `policy explain` and `doctor`: commands about the requester and the bot itself."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml

from bot.commands import CATALOGUE, COMMANDS
from bot.commands.base import Explanation
from bot.commands.general import away_off
from bot.core.actions import action_of
from bot.core.model import Channel, ChannelKind, Person, Subject
from bot.core.parsing.argument_schema import shape_of
from bot.core.policy import decide, load
from bot.core.records.delegations import Delegation
from bot.core.reply import Reply
from bot.errors import BadInput, Unavailable
from tests.blocks.messages import HOSTILE, buttons, check, words
from tests.commands.conftest import NOW, POLICY, Desk
from tests.commands.test_stored_lists import ask_for
from tests.present import present

WITHOUT_ANA = POLICY.replace("U0ANA", "U0CLEO")


async def test_help_shows_what_is_allowed_here(desk: Desk) -> None:
    text = words(await desk.ask("help", channel="C0ORDERS"))

    assert "token NAME" in text
    assert "needs approval" in text
    assert "destroy" not in text
    assert "rotate" not in text


async def test_help_for_one_command_says_whether_it_is_allowed_here(desk: Desk) -> None:
    reply = await desk.ask("help db tokens create")

    assert "token NAME [--read-only]" in reply.text
    assert "Needs approval*: `token`" in words(reply)
    assert buttons(reply)["Open the form"]["action_id"] == "form.open.token"
    assert "Not available here" in words(await desk.ask("help rotate", channel="C0ORDERS"))


async def test_help_for_an_unknown_command_suggests_similar_ones(desk: Desk) -> None:
    with pytest.raises(BadInput, match="`rotate`"):
        await desk.ask("help rotaet")


@pytest.mark.parametrize("typed", ["nonsense", "frobnicate now", "", "\u200b", "!", "<@U0ANA>"])
async def test_help_always_has_a_next_step(desk: Desk, typed: str) -> None:
    """Without an argument it lists all commands, and without a similar command it refers to `/turso help`."""
    try:
        shown = words(await desk.ask(f"help {typed}"))
    except BadInput as error:
        shown = str(error)
    assert "/turso help" in shown


@pytest.mark.parametrize("parent", ["incident", "digest", "policy"])
async def test_help_of_a_family_shows_all_of_its_commands(desk: Desk, parent: str) -> None:
    shown = words(await desk.ask(f"help {parent}", channel="C0ORDERS"))

    usages = [one.usage for one in COMMANDS if one.name.startswith(f"{parent} ")]
    assert usages
    assert [usage for usage in usages if usage not in shown] == []
    assert ("not here" in shown) == (parent != "policy")


@pytest.mark.parametrize("line", ["", "help", "whoami"])
async def test_home_help_and_whoami_are_private_even_outside_the_channels_of_the_policy(desk: Desk, line: str) -> None:
    assert (await desk.ask(line, channel="C0NOWHERE")).private
    assert (await desk.ask(line, channel="D0DM")).private
    assert desk.acme.log() == []


def pasted_from(reply: Reply) -> str:
    block = next(block for block in reply.blocks if block["type"] == "rich_text")
    text: str = block["elements"][0]["elements"][0]["text"]
    return text


async def test_whoami_prints_yaml_that_a_policy_accepts(desk: Desk) -> None:
    desk.groups = {"S0DBA": frozenset({"U0ANA"}), "S0OTHER": frozenset({"U0BEN"}), "S0DARK": None}

    reply = await desk.ask("whoami", channel="C0NOWHERE")

    pasted = pasted_from(reply)
    policy = load(
        "version: 1\norganizations: {acme: {token: env:TURSO_API_TOKEN}}\nworkspace: T0ACME\n" + pasted,
        CATALOGUE,
        default_organization="acme",
    )
    assert "C0NOWHERE" in policy.channels
    assert "couldn't look up who is in <!subteam^S0DARK>, so I can't tell whether that includes you" in words(reply)


@pytest.mark.parametrize(
    ("channel", "named", "proposed"),
    [
        ("C0NOWHERE", False, {"people", "channels"}),
        ("C0NOWHERE", True, {"channels"}),
        ("C0ORDERS", False, {"people"}),
        ("C0ORDERS", True, set()),
    ],
)
async def test_whoami_proposes_nothing_that_the_policy_already_has(
    desk: Desk, channel: str, named: bool, proposed: set[str]
) -> None:
    desk.groups = {"S0DBA": frozenset({"U0ANA"})}
    desk.policy = WITHOUT_ANA.replace("U0CLEO", "U0ANA" if named else "U0CLEO")

    reply = await desk.ask("whoami", channel=channel)

    if proposed:
        assert set(yaml.safe_load(pasted_from(reply))) == proposed
    else:
        assert "there is nothing to add" in words(reply)
        assert not [block for block in reply.blocks if block["type"] == "rich_text"]


async def test_whoami_does_not_say_that_the_policy_names_a_direct_message(desk: Desk) -> None:
    desk.groups = {"S0DBA": frozenset({"U0ANA"})}
    desk.policy = WITHOUT_ANA.replace("U0CLEO", "U0ANA")
    ctx = desk.context()
    subject = replace(ctx.subject, channel=Channel("D0DM", ChannelKind.DM))
    command = desk.parse("whoami").spec

    reply = check(await command.run(replace(ctx, subject=subject), desk.parse("whoami").args))

    assert "The policy already names you, so there is nothing to add." in words(reply)


@pytest.mark.parametrize("line", ["freeze", "token", "usage", "create"])
async def test_help_explains_each_option(desk: Desk, line: str) -> None:
    command = desk.parse(f"help {line}").spec
    assert command.name == "help"
    options = {one.label for one in shape_of(desk.grammar.named(line).args).options.values()} - {"--page"}

    reply = words(await desk.ask(f"help {line}"))

    assert options
    listed = reply.split("*Options*")[1]
    assert [one for one in sorted(options) if f"`{one}` " not in listed] == []


@pytest.mark.parametrize("channel", ["C0DBOPS", "C0ORDERS", "C0NOWHERE", "D0DM"])
async def test_whoami_shows_ids_only_in_the_yaml(desk: Desk, channel: str) -> None:
    desk.groups = {"S0DBA": frozenset({"U0ANA"}), "S0DARK": None}

    reply = await desk.ask("whoami", channel=channel)

    said = [reply.text, *(str(block) for block in reply.blocks if block["type"] != "rich_text")]
    assert not re.findall(r"(?<!<@)(?<!\^)(?<!<#)\b[UCDST]0[A-Z]+", "\n".join(said))


async def test_a_hostile_channel_name_stays_a_comment(desk: Desk) -> None:
    ctx = desk.context()
    channel = replace(ctx.subject.channel, id="C0NOWHERE", name=f"x\n  evil: {HOSTILE}")
    subject = replace(ctx.subject, channel=channel)
    command = desk.parse("whoami").spec

    reply = check(await command.run(replace(ctx, subject=subject), desk.parse("whoami").args))

    pasted = next(block for block in reply.blocks if block["type"] == "rich_text")["elements"][0]["elements"][0]["text"]
    assert set(yaml.safe_load(pasted)) == {"channels"}


async def test_home_lists_what_waits_for_the_person(desk: Desk) -> None:
    theirs = await ask_for(desk, 1, "orders", requester="U0CLEO")
    await ask_for(desk, 2, "users", requester="U0BEN")

    reply = await desk.ask("", who="U0BEN")

    assert buttons(reply)["Approve"]["value"] == theirs.id
    assert "Waiting for you" in words(reply)
    assert "Your requests" in words(reply)
    assert buttons(reply)["Databases"]["value"] == "list"
    assert buttons(reply)["Token"]["action_id"] == "form.open.token"


async def test_home_fits_with_many_waiting_requests(desk: Desk) -> None:
    for at in range(60):
        await ask_for(desk, at, "o" * 64, requester="U0CLEO", reason=HOSTILE * 30)

    assert "60 requests" in words(await desk.ask("", who="U0BEN"))


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("policy explain list", "Allowed"),
        ("policy explain db tokens create orders --read-only", "Needs approval"),
        ("policy explain destroy orders --now --in <#C0ORDERS|orders>", "Denied"),
        ("policy explain token orders-eu --as <@U0EVE>", "Needs approval"),
        ("policy explain freeze", "Needs approval"),
    ],
)
async def test_explain_shows_the_rule_and_the_reason(desk: Desk, line: str, verdict: str) -> None:
    reply = await explained(desk, line)

    assert verdict in reply.text
    assert "Rule" in words(reply)
    assert reply.private


@pytest.mark.parametrize(("line", "has_lifetime"), [("list", False), ("freeze orders", False), ("token orders", True)])
async def test_explain_shows_a_token_lifetime_only_for_tokens(desk: Desk, line: str, has_lifetime: bool) -> None:
    assert ("Token lifetime" in words(await explained(desk, f"policy explain {line}"))) is has_lifetime


async def explained(desk: Desk, line: str) -> Reply:
    """Run `policy explain`, which decides by the desk's policy, and return its reply."""

    async def explain(requester: Subject, read: Any, who: str, where: str) -> Explanation:
        subject = Subject(Person(who, "T0ACME"), Channel(where))
        return Explanation(decide(desk.context().policy, subject, action_of(read.spec.name, read.args)))

    return await desk.ask(line, explain=explain)


async def test_an_unknown_command_cannot_be_explained(desk: Desk) -> None:
    with pytest.raises(BadInput):
        await desk.ask("policy explain frobnicate")


async def test_failed_checks_come_first(desk: Desk) -> None:
    async def health() -> list[tuple[str, bool, str]]:
        return [("Slack", True, "answers"), ("Turso", False, f"`x` {HOSTILE}")] * 20

    async def one_check_fails() -> list[tuple[str, bool, str]]:
        return [("Slack", True, "answers"), ("Turso", False, "is silent")]

    reply = await desk.ask("doctor", health=health)

    assert "20 of 40 checks failed" in reply.text
    one = await desk.ask("doctor", health=one_check_fails)
    assert "1 of 2 checks failed" in one.text
    assert words(reply).index("Turso") < words(reply).index("*Slack*")
    with pytest.raises(Unavailable):
        await desk.ask("doctor")


async def test_requests_to_approve_are_called_incomplete_while_a_user_group_is_unknown(desk: Desk) -> None:
    desk.groups = {"S0DBA": None}

    said = words(await desk.ask("requests --to-approve"))

    assert "I couldn't look up who is in" in said
    assert "may be incomplete" in said


async def test_the_end_of_a_delegation_is_stale_if_another_one_replaced_it(desk: Desk) -> None:
    first = Delegation("U0ANA", "U0BEN", NOW, NOW + timedelta(days=3))
    await desk.store.delegations.set(first)
    plan, drift = await desk.plan("away off"), present(away_off.command.drift)

    assert await drift(desk.context(), plan) is None
    await desk.store.delegations.set(replace(first, delegate="U0REMY"))
    assert "changed in the meantime" in str(await drift(desk.context(), plan))
    await desk.store.delegations.drop("U0ANA")
    assert await drift(desk.context(), plan) is None, "it has ended already"
