"""A real PostgreSQL and a real Valkey for an installation that has none of its own."""
