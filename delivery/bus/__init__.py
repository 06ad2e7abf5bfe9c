"""Announcements between web processes over the channel layer; any of them may be lost."""
