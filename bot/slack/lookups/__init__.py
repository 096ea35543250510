"""Lookups of people, channels, user groups and the bot's own installation in Slack."""
