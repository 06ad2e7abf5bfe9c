"""Exports: all data about a person, or all of a channel, in a zip. Above all apps, because it knows their data."""
