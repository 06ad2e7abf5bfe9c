"""A real PostgreSQL and a real Valkey for installations without their own."""
