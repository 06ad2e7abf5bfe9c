"""The support's HTTP door: inboxes, visits and conversations under /api/v1/support/."""
