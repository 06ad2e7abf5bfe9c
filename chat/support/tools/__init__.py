"""Filled desks: for looking around."""
