"""End a quarantine: by Undo, or by a destroy when its countdown is over."""
