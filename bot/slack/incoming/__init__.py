"""Requests from Slack, which arrive over HTTP or Socket Mode and are passed through Bolt to the request handler."""
