"""What others need for the same: Gapless, Socket.IO and the tutorial of Channels, with one client over the same services."""
