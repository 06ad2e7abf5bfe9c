"""A believable company to look around in: Brightwater makes sailing instruments, with eight people and a helpdesk."""
