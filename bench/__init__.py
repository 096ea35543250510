"""The benchmark: compares the bot with a bare Bolt app, in ratios and counts."""
