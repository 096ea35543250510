"""The sandbox: the real bot, connected to a local Turso platform and a local Slack workspace."""
