"""The several Redis servers of one channel layer: the layer chooses the server of each group, and only this module asks it."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any


class Shards:
    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._numbers = {id(shard): number for number, shard in enumerate(layer._shards)}

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, group: str) -> int:
        """The index of the shard that carries this group."""
        if len(self._numbers) == 1:
            return 0
        return self._numbers[id(self._layer._get_shard(self._layer._get_group_channel_name(group)))]

    def apart(self, groups: Iterable[str]) -> list[list[str]]:
        """The groups by shard."""
        found: dict[int, list[str]] = defaultdict(list)
        for group in groups:
            found[self.of(group)].append(group)
        return list(found.values())

    def one_on_each(self, prefix: str) -> list[str]:
        """Names of groups, one on each shard: an echo on one shard says nothing about the others."""
        found: dict[int, str] = {}
        for number in itertools.count():
            group = f"{prefix}.{number}"
            found.setdefault(self.of(group), group)
            if len(found) == len(self):
                return [found[shard] for shard in sorted(found)]
        raise AssertionError("endless")
