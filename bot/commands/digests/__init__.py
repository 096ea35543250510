"""The usage digest of a channel."""
