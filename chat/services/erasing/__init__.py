"""Erasing a person: who they are is gone at once, their traces batch after batch, each in one transaction, in a fixed order.

Killed anywhere it goes on from there. `relations.py` says what becomes of each reference to a user.
"""
