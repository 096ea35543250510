"""The manual: what the bot promises, told by what it does."""
