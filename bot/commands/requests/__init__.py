"""Requests that are open, and the audit log."""
