"""Erasing a person: the identity goes at once, then all other data, batch by batch, each in one transaction, in a fixed order.

An interrupted erasure continues where it stopped. chatproject/personal_data.py says what becomes of each reference to a user.
"""
