"""Requests from Slack: over HTTP or Socket Mode, through Bolt, to the request handler."""
