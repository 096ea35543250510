"""The door: Bolt listeners in, messages out."""
