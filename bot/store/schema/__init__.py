"""The store's tables, their column types, and the migrations."""
