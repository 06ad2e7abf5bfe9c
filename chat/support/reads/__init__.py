"""What is read of the desk, beside its queue: reports over the facts, transcripts, what is known of a contact."""
