"""Internet addresses: parses every spelling, and compares addresses, not spellings. Knows nothing of Django.

`::ffff:192.0.2.1`, which a socket for both families says of IPv4, is 192.0.2.1; a port, brackets and a zone are left out.
"""

import functools
import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: One line of IPv6 has so many bits of its own: its addresses are one.
IPV6_BITS = 64
#: So many spellings are kept parsed, none longer than this: a client sends many requests, and each is looked at four times.
_KEPT, _KEPT_CHARACTERS = 1_000, 64
#: ::ffff:0:0/96: the last 32 bits are an address of IPv4.
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def parsed(said: str) -> Address | None:
    """The address in `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]:567` or `fe80::1%eth0`; None for anything else."""
    return _kept(said) if len(said) <= _KEPT_CHARACTERS else _parsed(said)


def _parsed(said: str) -> Address | None:
    host = _without_port(said.strip()).partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


_kept = functools.lru_cache(_KEPT)(_parsed)


def network(said: str) -> Network:
    """The network in `10.0.0.0/8`, `10.0.0.1` or `::ffff:10.0.0.0/104`. Raises ValueError."""
    found = ipaddress.ip_network(said)
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        mapped = found.network_address.ipv4_mapped
        assert mapped is not None
        return ipaddress.IPv4Network((mapped, found.prefixlen - _MAPPED.prefixlen))
    return found


def is_within(said: str, networks: Iterable[Network]) -> bool:
    """Whether the address is in one of the networks; False if it is no address."""
    address = parsed(said)
    return address is not None and any(address in network for network in networks)


def line_of(said: str) -> str:
    """The addresses of one subscriber: the IPv4 address or the IPv6 /64; text that is no address stays as it is."""
    address = parsed(said)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, IPV6_BITS), strict=False))
    return said if address is None else str(address)


def true_address(peer: str, forwarded: Sequence[str], *, trusted: Sequence[Network]) -> str:
    """The client's address: the last hop in `forwarded` (X-Forwarded-For, oldest first) that is no trusted proxy, else the peer.

    Read from the end as long as trusted proxies wrote it; an entry that is no address ends the reading.
    """
    address = _spelled(peer)
    for hop in reversed(forwarded):
        if not is_within(address, trusted) or parsed(hop) is None:
            break
        address = _spelled(hop)
    return address


def _spelled(said: str) -> str:
    address = parsed(said)
    return said if address is None else str(address)


def _without_port(said: str) -> str:
    if said.startswith("["):
        host, bracket, port = said[1:].partition("]")
        return host if bracket and (not port or _is_port(port)) else said
    host, colon, port = said.partition(":")
    return host if colon and _is_port(f":{port}") else said


def _is_port(said: str) -> bool:
    return said.startswith(":") and said[1:].isdecimal()
