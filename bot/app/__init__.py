"""The composition root, which wires the other packages. Only it imports them all."""
