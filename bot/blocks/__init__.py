"""Block Kit pieces as plain data: text that is safe to show, and blocks that keep Slack's limits."""
