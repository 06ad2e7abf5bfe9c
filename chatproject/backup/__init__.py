"""Backups of an installation: written while it serves, read and put back. Above all apps, for it holds all that they keep."""
