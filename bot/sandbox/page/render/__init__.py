"""Renders Block Kit and mrkdwn as HTML. People's text is always escaped."""
