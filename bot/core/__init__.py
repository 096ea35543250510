"""The rules: parsing, policy, approval, plans, audit chain. Pure Python: no I/O, no clock."""
