"""Rendering of Block Kit and mrkdwn as HTML in which people's text is always escaped."""
