"""The support desk: inboxes, queue, lease, hours, reports, widget. An app of its own: nothing else of chat imports it."""
