"""The tests. Read as a manual: their names state what the bot promises."""
