"""Beginnings of policies that tests complete."""

ACME = """
version: 1
organizations:
  acme: {token: env:TURSO_API_TOKEN}
workspace: T0ACME
"""
WITH_DBA_GROUP = f"""{ACME}people:
  dba: {{usergroup: S0DBA}}
"""
WITH_NAMED_DBA = f"""{ACME}people:
  dba: {{users: [U0ANA, U0BEN]}}
"""
