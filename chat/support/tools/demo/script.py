"""The events at the demo's helpdesk, a line each: `minutes ago | person | act | content`; `customer` is the customer."""

from dataclasses import dataclass

INBOX = "Helpdesk"
#: The origins of the company's pages; the last one is for trying `deploy/widget-example.html`.
ORIGINS = ("https://www.brightwater.example", "http://localhost:9000")
SUPERVISOR = "sam"
#: The agents, all in the ready group of support agents.
AGENTS = ("sam", "carmen", "emi")
GREETING = "Hello! Which of our instruments can we help you with?"
CLOSED_TEXT = "We are out sailing today. Write all the same: we answer first thing tomorrow."
HOURS, TIME_ZONE = "Round the clock", "Europe/London"
#: Holidays: (month, day, name).
HOLIDAYS = ((12, 25, "Christmas Day"), (1, 1, "New Year's Day"))
#: Policies: open minutes by (priority, kind).
POLICIES = {
    ("urgent", "first"): 10,
    ("urgent", "next"): 15,
    ("high", "first"): 30,
    ("high", "next"): 60,
    ("normal", "first"): 60,
    ("normal", "next"): 120,
    ("normal", "solve"): 24 * 60,
}
CANNED = {
    "pair": "Hello {{visitor}}, please hold the middle button for five seconds, choose “Pair”, and wait until the number stops counting.",
    "serial": "Could you send me the serial number? It stands on the back, below the bar code, and begins with BW.",
    "return": "I've made a label for you: print it, stick it on the box, and any post office takes it. Fair winds, {{agent}}",
}


@dataclass(frozen=True)
class Case:
    customer: str
    page: str
    story: str
    priority: str = "normal"
    labels: tuple[str, ...] = ()


CASES = (
    Case(
        "Vera Novak",
        "wind-display",
        """
7260 | customer | says | Hello! My wind display shows three dashes since this morning. I've changed the battery already.
7257 | sam | claims
7256 | sam | says | Hello Vera, sorry to hear that. Three dashes mean that it does not hear the sensor on the mast. Is there a green light blinking at its foot?
7251 | customer | says | It's quite high up, but with binoculars: yes, about every two seconds.
7248 | sam | says | Very good, then the sensor is alive and only forgot the display. Please hold the middle button for five seconds, choose “Pair”, and wait for the number to stop counting.
7240 | customer | says | It counts… and it's back! 12 knots, that fits.
7238 | sam | says | Wonderful. That happens when both batteries were empty at the same time. The sensor charges by itself in daylight, so it should stay that way.
7236 | customer | says | Thank you so much, that was quick. We cast off in an hour!
7234 | sam | resolves | Fair winds! Just write here if it comes back.
7230 | customer | rates | 5
""",
        labels=("pairing",),
    ),
    Case(
        "Joost de Vries",
        "anchor-2",
        """
4410 | customer | says | Does the Anchor 2 work with the old mast cable?
4391 | carmen | claims
4390 | carmen | says | It does, with the adapter that is in the box.
4377 | customer | says | Then I'll take two.
4375 | carmen | resolves | Lovely, thank you!
4300 | customer | rates | 4
""",
        labels=("sales",),
    ),
    Case(
        "Ingrid Solheim",
        "returns",
        """
2910 | customer | says | I'd like to send a log impeller back, it is the wrong size. Whom do I write to?
2822 | emi | claims
2820 | emi | says | To us! I've made a label for you, it is in your mail.
2790 | emi | resolves
2700 | customer | rates | 3
""",
        labels=("returns",),
    ),
    Case(
        "Marco Bellini",
        "sounder",
        """
1502 | customer | says | Ten metres of water under me, says the sounder. I'm in the car park.
1496 | sam | claims
1495 | sam | says | That's a deep car park. The transducer shows its demo while it is dry for an hour: does it say SIM at the top left?
1488 | customer | says | It does. I feel very seen.
1486 | sam | resolves | You're not the first, I promise. It's gone as soon as it's wet.
1480 | customer | rates | 5
""",
    ),
    Case(
        "Aoife Byrne",
        "firmware",
        """
190 | customer | says | The update to 4.2.2 stops at 80 %. I've tried it three times, with the charger in.
183 | emi | claims
181 | emi | says | That's ours, sorry. Could you send me the serial number? It stands on the back and begins with BW.
172 | customer | says | BW-2207-1183
170 | emi | notes | Same batch as the two from Split. Dev has a build that fixes it, out tomorrow morning.
168 | emi | says | Thank you! A corrected version comes out tomorrow, I'll write to you here as soon as it is there.
167 | emi | snoozes | 900
""",
        labels=("firmware", "bug"),
    ),
    Case(
        "Tomasz Zielinski",
        "compass",
        """
140 | customer | says | My compass is off by about ten degrees since I moved it.
128 | carmen | claims
126 | carmen | says | Is there a loudspeaker within half a metre of it? And did you calibrate it at the new place?
125 | carmen | sets pending
""",
        labels=("calibration",),
    ),
    Case(
        "Hélène Garnier",
        "wind-display",
        """
96 | customer | says | Bonjour, is there a French manual for the wind display?
90 | carmen | claims
88 | carmen | says | Bonjour Hélène! Yes, it's at the very end of the product page.
22 | customer | says | Found it, merci. On page 12, which of the two screws is the long one?
""",
    ),
    Case(
        "Peter Lindholm",
        "shop",
        """
74 | customer | says | I was charged twice for order 40117. Could somebody have a look?
""",
        priority="high",
        labels=("billing",),
    ),
    Case(
        "Ruth Okonjo",
        "anchor-alarm",
        """
41 | customer | says | The anchor alarm doesn't ring any more, and we're on the hook in a blow tonight.
38 | sam | claims
37 | sam | says | I'm with you. Is there a little crossed-out bell in the top row?
35 | sam | notes | Alarm that doesn't ring: looks like the mute bug of 4.2.1. If she has that version, holding both buttons helps.
9 | customer | says | There is! How do I get rid of it?
""",
        priority="urgent",
        labels=("alarm", "bug"),
    ),
    Case(
        "Dimitri Pavlou",
        "chart-plotter",
        """
18 | customer | says | Do your displays talk to plotters of other makers, by NMEA 2000?
""",
        labels=("sales",),
    ),
    Case(
        "Sofia Marin",
        "night-mode",
        """
11 | customer | says | Love the new night mode. Can the red be a little darker still?
6 | emi | claims
""",
    ),
    Case(
        "",
        "wind-display",
        """
3 | customer | says | hi, is anybody there?
2 | customer | says | the display is stuck at “searching”
""",
    ),
)
