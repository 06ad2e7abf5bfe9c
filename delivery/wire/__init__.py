"""The contract in code: ids, commands, frames, refusals. Everything that is sent is a struct of here."""
