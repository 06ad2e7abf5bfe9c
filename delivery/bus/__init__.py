"""The doorbell: what web processes tell each other over the channel layer, all of it losable."""
