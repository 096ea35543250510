"""The Slack gateway: requests come in through Bolt, messages go out through the Web API."""
