"""The tables, their column types, and the migrations."""
