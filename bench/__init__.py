"""The benchmark: measures the bot beside a bare Bolt app, as ratios and counts."""
