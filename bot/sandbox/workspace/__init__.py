"""A local Slack: Web API, signed requests, Socket Mode."""
