"""The steps that carry out an approved request. Each step may run again after a crash."""
