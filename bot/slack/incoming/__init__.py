"""Requests from Slack, which arrive over HTTP or Socket Mode and pass through Bolt to the request handler."""
