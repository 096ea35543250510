"""What people can ask: one file is one command."""
