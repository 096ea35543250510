"""Draw the Home tab, and keep the open ones up to date."""
