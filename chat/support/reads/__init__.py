"""Reads of the desk besides its queue: reports over the facts, transcripts, contacts."""
