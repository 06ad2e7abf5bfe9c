"""Presence and typing in Redis, by user ids and channel ids; never the only copy of anything."""
