"""Tests of attacks: secrets appear only where they may, and the audit log reveals tampering."""
