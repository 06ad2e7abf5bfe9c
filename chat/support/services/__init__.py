"""The desk's verbs. Locks in one order: conversation, notes, desk; whoever holds a desk locks no conversation."""
