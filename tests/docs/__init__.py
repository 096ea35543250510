"""The documentation: its reference tables match the code, its links resolve, its site builds."""
