"""Tests against attackers: secrets stay where they belong, and the audit log reveals tampering."""
