"""One conversation, one partition: the rule that every writer of ``instagram.events.v1`` follows.

``(murmur2(utf8(account_id + ":" + (customer_id or ""))) & 0x7fffffff) mod N``; murmur2 with Kafka's seed, so
that it equals the default partitioner of Kafka's own clients for that key. Vectors: ``docs/contracts/``.
"""

import struct
from functools import lru_cache

_MASK = 0xFFFFFFFF
_SEED, _M, _R = 0x9747B28C, 0x5BD1E995, 24


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2, as an unsigned number."""
    length = len(data)
    words, rest = length >> 2, length & 3
    h = _SEED ^ length
    for word in struct.unpack_from(f"<{words}I", data):
        k = word * _M & _MASK
        h = (h * _M ^ (k ^ k >> _R) * _M) & _MASK
    if rest:
        h = (h ^ int.from_bytes(data[-rest:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


@lru_cache(maxsize=65_536)
def of_key(key: bytes, partitions: int) -> int:
    """The partition that any Kafka client's default partitioner gives to ``key``. Keys recur: of a send there are four
    records under two keys.
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=65_536)
def of_conversation(account_id: str, customer_id: str | None, partitions: int) -> int:
    """The partition of everything between this account and this customer."""
    return of_key(f"{account_id}:{customer_id or ''}".encode(), partitions)
