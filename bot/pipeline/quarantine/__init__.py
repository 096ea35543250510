"""The two ways in which a quarantine ends: the undo, and the destroy after its countdown."""
