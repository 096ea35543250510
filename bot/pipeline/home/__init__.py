"""The Home tab, and updates of the tabs that are open."""
