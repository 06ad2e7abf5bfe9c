"""Endless, reproducible text that looks like people's messages, for filling an instance before measuring it."""

import random

WORDS = """
the a to and of is it in for on that we I you this with can be not have are was but if do will at as so just from what they
there or an then now me all when still one up out by please our need after should about how see more back also only would again
works today tomorrow deploy invoice customer release server ticket meeting review branch build test order shipment refund
warehouse delivery driver printer laptop password account address contract budget quarter forecast report slides design logo
button page form search filter table column index query backup restore restart timeout latency memory disk network cable router
monday tuesday wednesday thursday friday morning afternoon lunch coffee train office holiday vacation sick birthday cake thanks
great okay sure maybe sorry hello everybody question answer problem idea fixed broken slow fast ready late early missing wrong
right changed added removed merged failed passed green red blue urgent blocked waiting done started finished confirmed cancelled
Anna Boris Carla Dmitri Elif Farid Greta Hugo Ines Jonas Katja Leon Mina Nils Olga Pavel Rosa Sven Tara Uwe Vera Wanda Yusuf Zoe
Zürich São Paulo Kraków Malmö Besançon Łódź Reykjavík naïve façade résumé 日本語 テスト привет спасибо
""".split()  # noqa: SIM905 (a list of so many words is not readable)
#: One of so many messages contains a unique ticket number, something rare to search for.
TICKET_EVERY = 20


class Babble:
    """Makes texts; the same seed makes the same texts."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._said = 0

    def sentence(self) -> str:
        """A sentence of 3 to 30 words, mostly around ten."""
        self._said += 1
        count = min(30, 3 + int(self._random.expovariate(1 / 8)))
        words = self._random.choices(WORDS, k=count)
        if self._said % TICKET_EVERY == 0:
            words.append(f"GAP-{self._said}")
        return " ".join(words)
