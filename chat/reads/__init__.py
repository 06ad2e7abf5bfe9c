"""Reading rows: history, the recent cache, unread counts, statistics, what moderators may look at. Writes nothing."""
