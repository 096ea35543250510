"""Rules: parsing, policy, approval, plans and the audit chain. Pure Python without I/O or a clock."""
