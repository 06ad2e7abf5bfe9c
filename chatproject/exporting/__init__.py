"""Exports: all about a person, or all of a channel, in a zip. Above all apps, for it holds what they keep."""
