"""SQL from the event loop: over connections of its own, where a thread would cost more than the answer, and how long work waits."""
