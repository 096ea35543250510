"""The composition root: puts the other packages together. No other package imports all of them."""
