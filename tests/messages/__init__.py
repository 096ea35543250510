"""The catalogue of messages: every text of the bot, rendered on one page for an editor to read."""
