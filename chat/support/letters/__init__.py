"""Letters: what a mail to a customer or an agent says, and what a customer's mail said. Neither sends nor posts."""
