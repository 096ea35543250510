"""Commands that concern no database: Home, help, permissions, the policy and checks."""
