"""Mailboxes: customers' mails are collected over IMAP, each by one process at a time, in a thread that nothing else waits for."""
