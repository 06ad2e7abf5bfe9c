"""Sockets of this process: what each may follow, catching up, writing in order, gaps, seats, logins."""
