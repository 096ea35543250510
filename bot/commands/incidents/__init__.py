"""Incidents of a channel: start, status, end, report."""
