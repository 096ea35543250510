"""Notifications of how a request, a freeze, an incident or a review ended."""
