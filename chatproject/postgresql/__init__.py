"""Django's PostgreSQL backend, with dead connections of the pool found without asking."""
