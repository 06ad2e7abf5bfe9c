"""How much one user may do: the table of allowances, the window that counts them, and the functions that verbs use."""
