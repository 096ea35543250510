"""Commands about open requests and the audit log."""
