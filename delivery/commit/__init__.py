"""The way of messages into the rows: each waits in the lane of its channel, and is committed in a batch."""
