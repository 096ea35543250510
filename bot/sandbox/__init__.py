"""Try it here: the real bot between a local Turso platform and a local Slack workspace."""
