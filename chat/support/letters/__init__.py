"""Letters: makes the text of mails to customers and agents, and reads customers' mails. It neither sends nor posts."""
