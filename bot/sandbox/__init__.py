"""The sandbox: the real bot between a local Turso platform and a local Slack workspace."""
