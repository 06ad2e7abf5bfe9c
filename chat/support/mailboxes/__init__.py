"""Mailboxes: collects customers' mails over IMAP, one process at a time for each, in a thread that nothing waits for."""
