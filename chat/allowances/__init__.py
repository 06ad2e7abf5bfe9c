"""How much one person may do: the table of allowances, the window that counts them, and the words that verbs use."""
