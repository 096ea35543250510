"""The catalogue of messages: everything that the bot says, rendered into one page for an editor to read."""
