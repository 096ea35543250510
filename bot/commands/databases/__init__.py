"""Commands about databases: list, show, triage, create, branch, block, protect, wake, destroy and restore them."""
