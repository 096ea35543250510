"""The composition root: the one room that sees every other, and wires them."""
