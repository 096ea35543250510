"""Carry out an approved request, step by step; each step may run again."""
