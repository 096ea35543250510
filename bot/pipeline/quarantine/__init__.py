"""The two ways in which a quarantine ends: Undo, and the destroy after its countdown."""
