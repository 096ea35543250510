"""Outgoing calls to Slack: messages, modals, the Home tab and files."""
