"""Measure the bot beside a bare Bolt app: ratios and counts, in one run."""
