"""How the event loop asks PostgreSQL by itself: over connections of its own, where threads would cost more than the answer."""
