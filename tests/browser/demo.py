"""A demo app instead of the bot. It answers `/turso` with many kinds of messages and modals that the page must show."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.page.app import create_page
from bot.sandbox.page.hints import CommandHint
from bot.sandbox.workspace import Workspace, create_workspace_app, serving
from tests.sandbox.page import samples
from tests.sandbox.page.pieces import button, confirm, field, mrkdwn, option, plain
from tests.sandbox.workspace.stage import bolt, connected, new_workspace

TOKEN = "eyJhbGciOiJFZERTQSJ9.made-up-token-for-the-page.x1"

HINTS = (
    CommandHint("list", "db list [FILTER] [--group G] [--sort name]", "List the databases", ("ls",)),
    CommandHint("show", "db show NAME", "Show a database's details"),
    CommandHint("usage", "usage [NAME] [--since 7d] [--top 10]", "Rows, storage and bytes synced"),
    CommandHint("create", "db create NAME [--group G] [--location L]", "Create a database"),
    CommandHint("token", "token NAME [--read-only] [--expiration 1h]", "Mint an access token"),
    CommandHint("rotate", "rotate NAME", "Invalidate every token"),
    CommandHint("destroy", "db destroy NAME [--now] [--reason TEXT]", "Destroy a database"),
    CommandHint("incident status", "incident status", "Show this channel's incident", ("incident",)),
    CommandHint("incident start", "incident start KEY [--for 4h]", "Start an incident"),
    CommandHint("help", "help [COMMAND]", "Show what you can do here"),
)


def modal(*blocks: dict[str, Any], title: str = "Create a database", **more: Any) -> dict[str, Any]:
    """Return a modal with these blocks. `more` has its other fields, such as `submit`, the label of its button."""
    return {
        "type": "modal",
        "callback_id": more.pop("callback_id", "create"),
        "title": plain(title),
        "submit": plain(more.pop("submit", "Create")),
        "close": plain("Cancel"),
        "blocks": list(blocks),
        **more,
    }


def approval_card(requester: str, name: str, outcome: str | None = None) -> list[dict[str, Any]]:
    """Return the blocks of a request's card: with its buttons, or with its outcome instead."""
    head = mrkdwn(f":warning: <@{requester}> asks to *destroy* `{name}`\n> not needed any more")
    sure = confirm("Deny?", f"Keep `{name}`?", "Yes, deny")
    facts = [mrkdwn("*Database*\n" + name), mrkdwn("*Group*\neu"), mrkdwn("*Size*\n28 MiB"), mrkdwn("*Tokens*\n3")]
    approve = button("Approve", "approve", style="primary", value=name)
    deny = button("Deny", "deny", style="danger", value=name, confirm=sure)
    last: dict[str, Any] = {"type": "actions", "block_id": f"request-{name}", "elements": [approve, deny]}
    if outcome:
        last = {"type": "context", "elements": [mrkdwn(outcome)]}
    return [{"type": "section", "text": head, "fields": facts}, last]


def demo(workspace: Workspace) -> AsyncApp:
    """Return the demo app, connected to the workspace."""
    app = bolt(workspace)
    asked: dict[str, Any] = {}

    @app.command("/turso")
    async def on_command(ack: Any, body: dict[str, Any], respond: Any, client: Any) -> None:
        text, channel, person = body["text"], body["channel_id"], body["user_id"]
        words = text.split()
        if text == "slow":
            await asyncio.sleep(3.4)
            return
        await ack()
        match words[:2]:
            case ["db", "list"]:
                await respond(response_type="in_channel", text="120 databases", blocks=[samples.data_table(100, 10)])
            case ["usage", *_]:
                await respond(response_type="in_channel", text="Usage", blocks=[samples.chart(), samples.PIE])
            case ["gallery", *_]:
                for kind, block in samples.BLOCKS.items():
                    if kind not in ("alert", "video", "file"):
                        await client.chat_postMessage(channel=channel, text=kind, blocks=[block])
            case ["token", *_]:
                blocks: list[Any] = [
                    {"type": "section", "text": mrkdwn("Your token for `orders-eu` is ready. It is shown *once*.")},
                    {"type": "actions", "elements": [button("Reveal", "reveal", style="primary")]},
                ]
                await respond(text="A token is ready", blocks=blocks)
            case ["db", "destroy"]:
                await client.chat_postMessage(channel=channel, text="Destroy?", blocks=approval_card(person, words[2]))
            case ["stack"]:
                first = [samples.INPUTS[0], {"type": "actions", "elements": [button("More", "push")]}]
                await client.views_open(trigger_id=body["trigger_id"], view=modal(*first))
            case ["skeleton"]:
                opened = await client.views_open(trigger_id=body["trigger_id"], view=modal(samples.INPUTS[0]))
                await asyncio.sleep(0.4)
                filled = modal(*samples.INPUTS[:2], samples.INPUTS[5], title="Filled in")
                await client.views_update(view_id=opened["view"]["id"], view=filled)
            case ["db", "create"] | ["form", *_]:
                blocks = samples.INPUTS if words[0] == "form" else samples.INPUTS[:2]
                await client.views_open(trigger_id=body["trigger_id"], view=modal(*blocks))
            case _:
                await respond(text=f"You said: {text}")

    @app.action("reveal")
    async def on_reveal(ack: Any, respond: Any) -> None:
        await ack()
        url = "libsql://orders-eu-acme.turso.io"
        shell = f'turso db shell "{url}?authToken={TOKEN}"'
        await respond(
            replace_original=True,
            text="Your token",
            blocks=[
                {"type": "section", "text": mrkdwn(":key: *orders-eu*, read only, for one hour. Copy it now.")},
                {"type": "section", "text": mrkdwn(f"```{TOKEN}```")},
                {"type": "section", "text": mrkdwn(f"Connect:\n```{shell}```")},
                {"type": "actions", "elements": [button("Hide", "hide")]},
            ],
        )

    @app.action("hide")
    async def on_hide(ack: Any, respond: Any) -> None:
        await ack()
        await respond(delete_original=True)

    @app.action("approve")
    async def on_approve(ack: Any, body: dict[str, Any], client: Any, respond: Any) -> None:
        await ack()
        name, requester = body["actions"][0]["value"], body["message"]["blocks"][0]["text"]["text"]
        if f"<@{body['user']['id']}>" in requester:
            await respond(replace_original=False, text=":no_entry: You cannot approve your own request.")
            return
        asked[body["user"]["id"]] = (body["channel"]["id"], body["message"]["ts"], name, requester)
        confirm = field("confirm", "Type the name to confirm", {"type": "plain_text_input"}, hint=plain(name))
        await client.views_open(
            trigger_id=body["trigger_id"],
            view=modal(confirm, title="Approve", submit="Approve", callback_id="confirm", private_metadata=name),
        )

    @app.view("confirm")
    async def on_confirm(ack: Any, body: dict[str, Any], client: Any) -> None:
        channel, ts, name, requester = asked[body["user"]["id"]]
        if body["view"]["state"]["values"]["confirm"]["confirm-action"]["value"] != name:
            await ack(response_action="errors", errors={"confirm": f"That is not {name}."})
            return
        await ack()
        person = requester.split("<@")[1].split(">")[0]
        done = f":white_check_mark: Approved by <@{body['user']['id']}>; `{name}` is destroyed."
        await client.chat_update(channel=channel, ts=ts, text="Approved", blocks=approval_card(person, name, done))

    @app.action("deny")
    async def on_deny(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        name = body["actions"][0]["value"]
        person = body["message"]["blocks"][0]["text"]["text"].split("<@")[1].split(">")[0]
        blocks = approval_card(person, name, f":x: Denied by <@{body['user']['id']}>.")
        await client.chat_update(**where, text="Denied", blocks=blocks)

    @app.view("create")
    async def on_create(ack: Any, body: dict[str, Any], client: Any) -> None:
        name = body["view"]["state"]["values"]["name"]["name-action"]["value"]
        if name != name.lower():
            await ack(response_action="errors", errors={"name": "Lower case letters only."})
            return
        await ack()
        await client.chat_postMessage(channel="C0DBOPS", text=f":tada: `{name}` is created")

    @app.action("push")
    async def on_push(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=modal(samples.INPUTS[1], title="On top"))

    @app.shortcut("ask")
    async def on_shortcut(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(samples.INPUTS[0], title="From a shortcut"))

    @app.shortcut("file")
    async def on_message_shortcut(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(text=f"Filed: {body['message']['text']}")

    @app.options("database-action")
    async def on_options(ack: Any, body: dict[str, Any]) -> None:
        found = [name for name, *_ in samples.databases(200) if body["value"].lower() in name]
        await ack(options=[option(each) for each in found[:50]])

    @app.event("app_home_opened")
    async def on_home(body: dict[str, Any], client: Any) -> None:
        blocks = [
            {"type": "header", "text": plain("Welcome")},
            {
                "type": "section",
                "text": mrkdwn(f"This is yours, <@{body['event']['user']}>."),
                "accessory": button("Again", "again"),
            },
            samples.BLOCKS["table"],
        ]
        await client.views_publish(user_id=body["event"]["user"], view={"type": "home", "blocks": blocks})

    @app.event("app_mention")
    async def on_mention(body: dict[str, Any], client: Any) -> None:
        event = body["event"]
        thread = event.get("thread_ts") or event["ts"]
        await client.chat_postMessage(channel=event["channel"], thread_ts=thread, text=f"Hello <@{event['user']}>")

    @app.action({"action_id": "again"})
    async def on_again(ack: Any) -> None:
        await ack()

    return app


class Tap:
    """Records the bytes sent to each person's windows, so that a test can search them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.sent: dict[str, bytearray] = defaultdict(bytearray)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = str(scope.get("path", "")).split("/")
        if scope["type"] != "http" or parts[1:2] != ["as"]:
            await self._app(scope, receive, send)
            return

        async def tapped(message: Message) -> None:
            self.sent[parts[2]] += message.get("body", b"")
            await send(message)

        await self._app(scope, receive, tapped)


@dataclass
class Stage:
    """A running workspace: its state, the address of its page, and the bytes sent to each person's windows."""

    workspace: Workspace
    origin: str
    tap: Tap


@asynccontextmanager
async def stage(port: int = 0) -> AsyncIterator[Stage]:
    """Serve the page, the workspace and the app while the context is open."""
    workspace = new_workspace()
    page = create_page(workspace, commands=HINTS)
    tap = Tap(Starlette(routes=[*create_workspace_app(workspace).routes, Mount("/", page)]))
    async with serving(tap, port=port) as origin:
        workspace.origin = origin
        async with connected(workspace, demo(workspace)):
            yield Stage(workspace, origin, tap)
    await workspace.close()


if __name__ == "__main__":  # `python -m tests.browser.demo`: look at the page without the bot

    async def main() -> None:
        async with stage(3900) as played:
            print(played.origin)
            await asyncio.Event().wait()

    asyncio.run(main())
