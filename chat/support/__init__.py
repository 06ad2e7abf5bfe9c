"""The support desk: inboxes, queue, lease, hours, reports, widget. An app of its own, which nothing else in chat imports."""
