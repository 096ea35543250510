"""The egress guard hides tokens and known secrets in messages and views, and finds them in the contents of files."""

import pytest

from bot.core.redaction.egress import HIDDEN
from bot.core.reply import Reply
from bot.slack.outgoing.messages import WITHHELD, EgressGuard, variants
from tests.security.canaries import canary_token

KNOWN = 'pass"w\\örd-0123'
TOKEN = canary_token()
GUARD = EgressGuard((KNOWN, "turso-api-token-0123"))


@pytest.mark.parametrize(
    "secret",
    [KNOWN, repr(KNOWN), "turso-api-token-0123", TOKEN, f"Bearer {TOKEN}", TOKEN.rpartition(".")[0],
     "xoxb-12345678901-abcdefghijkl", "xoxe.xoxp-1-abcdefghijklmnop", "xapp-1-A0B1-2345-abcdef", "https://hooks.slack.com/commands/T0/1/secret"],
    ids=["the password", "the password in a `repr`", "a known token", "a JWT", "a header",
         "a JWT without its signature", "a bot token", "a rotated token", "an app-level token", "a response_url"],
)  # fmt: skip
def test_a_secret_is_hidden_anywhere_and_the_rest_is_kept(secret: str) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": f"first line\nit is {secret}."}}
    button = {
        "type": "button",
        "action_id": "approval.deny",
        "value": "r-1",
        "text": {"type": "plain_text", "text": "Deny"},
    }
    deep = {"type": "actions", "elements": [button, {"type": "button", "value": f"run {secret}"}]}

    for reply in (
        Reply(text=f"it is {secret}."),
        Reply(text="x", blocks=[block, deep]),
        Reply(text="x", blocks=[{}], plain_blocks=[block]),
    ):
        cleared = GUARD.cleared(reply)
        assert not GUARD.contains_secret([cleared.text, cleared.blocks, cleared.plain_blocks])
        assert HIDDEN in str([cleared.text, cleared.blocks, cleared.plain_blocks])
        assert len(cleared.blocks) == len(reply.blocks)
    cleared = GUARD.cleared(Reply(text="x", blocks=[block, deep]))
    assert cleared.text == "x"
    assert cleared.blocks[0]["text"]["text"] == f"first line\n{HIDDEN}"
    assert cleared.blocks[1]["elements"][0] == button
    view = GUARD.cleared_view({"type": "modal", "callback_id": "c", "private_metadata": secret, "blocks": [block]})
    assert not GUARD.contains_secret(view)
    assert view["callback_id"] == "c"
    assert GUARD.contains_secret([f"a.txt {secret}"])


def test_a_token_is_only_in_the_blocks_of_a_reveal() -> None:
    reply = Reply(text="A token is here.", blocks=[{"type": "rich_text", "elements": [TOKEN]}], secret=True)

    assert GUARD.cleared(reply).text == WITHHELD
    assert TOKEN not in repr(reply)
    bodies = list(variants(reply))
    assert bodies
    assert all("blocks" in body and TOKEN not in body["text"] for body in bodies), "notifications show the text"


@pytest.mark.parametrize(
    "text",
    ["`orders-eu` has 12 tables", "libsql://orders-acme.turso.io", "fingerprint 0123456789abcdef", "eyJ", "xoxb",
     "sha256 " + "0" * 64, "/turso token orders --read-only", "the password is wrong"],
)  # fmt: skip
def test_ordinary_words_are_not_hidden(text: str) -> None:
    reply = Reply(text=text, blocks=[{"type": "section", "text": {"type": "plain_text", "text": text}}])

    assert GUARD.cleared(reply) is reply
