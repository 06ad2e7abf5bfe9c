"""The HTTP door: paths, inputs, problem documents, and the documents that describe them."""
