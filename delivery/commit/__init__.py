"""The way into the rows: what is posted waits in the lane of its channel and is committed in batches."""
