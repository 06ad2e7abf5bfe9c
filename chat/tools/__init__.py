"""Filled instances: for looking around, for measuring, for tests."""
