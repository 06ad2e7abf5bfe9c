"""Compares Gapless with other servers: Socket.IO and the tutorial of Channels, with one client over the same services."""
