"""The alerts of a channel: which it gets, and when it wants none."""
