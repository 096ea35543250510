"""Commands that concern no database: the overview, help, permissions, absences, the policy and checks."""
