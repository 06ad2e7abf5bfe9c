"""The pages' door: server-rendered, with forms that work, and links that are shown to be opened by somebody else."""
