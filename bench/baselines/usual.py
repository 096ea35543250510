"""Baseline D: the usual deployment of Bolt, which is the sync `App` in Flask. gunicorn runs it with eight threads."""

from typing import Any

from flask import Flask, request
from slack_bolt import App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

from bench.signing import SECRET


def _authorize(**_: Any) -> AuthorizeResult:
    return AuthorizeResult(
        enterprise_id=None, team_id="T0BENCH", bot_token="xoxb-bench", bot_id="B0BENCH", bot_user_id="U0BOT"
    )


def make() -> Flask:
    """Return the app, which only acknowledges the command."""
    app = App(signing_secret=SECRET, authorize=_authorize, token_verification_enabled=False)

    @app.command("/turso")
    def on_command(ack: Any) -> None:
        ack()

    handler = SlackRequestHandler(app)
    flask = Flask(__name__)

    @flask.post("/slack/events")
    def events() -> Any:
        return handler.handle(request)

    return flask
