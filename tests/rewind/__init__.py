"""Rewinds from a triage card to recovery, with a real client and a local Turso that copies databases."""
