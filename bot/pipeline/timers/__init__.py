"""The work of timers."""
