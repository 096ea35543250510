"""Block Kit as plain data: text that is safe to show, and blocks that respect Slack's limits."""
