"""Reads rows: history, the recent cache, unread counts, statistics, views of moderators. Writes nothing."""
