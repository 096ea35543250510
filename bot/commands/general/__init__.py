"""What concerns no database: Home, help, who you are, the policy, the checks."""
