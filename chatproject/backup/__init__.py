"""Backups of an installation: writing them while it serves, and restoring them. Above all apps, because it knows all their data."""
