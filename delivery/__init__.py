"""The machinery: channels as numbered logs, frames and sockets. Knows no rows, no Django model and no product."""
