"""The end of a quarantine: by an undo, or by its countdown."""
