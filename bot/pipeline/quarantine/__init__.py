"""The two ends of a quarantine: Undo, and the destroy after its countdown."""
