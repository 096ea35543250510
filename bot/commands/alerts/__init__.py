"""Commands about the alerts of a channel: list them, turn them on or off, mute them."""
