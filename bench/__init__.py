"""The benchmark: measures the bot next to a bare Bolt app, in ratios and counts."""
