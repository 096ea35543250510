"""The steps that carry out an approved request. After a crash, a step may run again."""
