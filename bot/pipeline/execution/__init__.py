"""The steps of the workflow that carries out an approved request. After a crash, a step may run again."""
