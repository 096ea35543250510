"""The catalogue of messages: everything that the bot says, rendered into one page that an editor reads."""
