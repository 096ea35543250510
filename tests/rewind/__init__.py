"""Rewinds from an alert to recovery, with a real client, two people, and a local Turso that really copies databases."""
