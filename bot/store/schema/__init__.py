"""The tables, the types of their columns, and the migrations that make them."""
