"""Do what is due."""
