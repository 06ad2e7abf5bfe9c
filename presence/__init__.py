"""Who is here and who is typing: in Redis, by user ids and channel ids, and never the only copy of anything."""
