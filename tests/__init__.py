"""The tests. Their names describe the behavior of the bot."""
