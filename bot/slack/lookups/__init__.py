"""What Slack says about people, channels, user groups and the bot's own installation."""
