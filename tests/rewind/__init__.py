"""Rewind, from an alert to recovered: with a real client, two people, and a local Turso that really copies."""
