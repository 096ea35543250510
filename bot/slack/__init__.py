"""The Slack gateway: Bolt receives requests, and the Web API sends messages."""
