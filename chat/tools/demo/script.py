"""The messages of the demo's people. A line is `name: text`; `>` answers the line before, `⏎` is a line break, `--` a new day."""

PEOPLE = {
    "alice": "Alice Hartmann",
    "bob": "Bob Okafor",
    "carmen": "Carmen Ruiz",
    "dev": "Dev Patel",
    "emi": "Emi Tanaka",
    "felix": "Félix Moreau",
    "grace": "Grace Lindqvist",
    "sam": "Sam Whitfield",
}
#: May do everything; the others of the staff have ready groups.
SUPERUSERS = {"alice"}
STAFF_ROLES = {
    "sam": ("Moderator", "Support agent"),
    "carmen": ("Support agent",),
    "emi": ("Support agent",),
    "grace": ("Auditor",),
}

CHANNELS = {
    "General": ("public", "Everything that has no channel of its own", tuple(PEOPLE)),
    "engineering": ("public", "Firmware, app and servers", ("dev", "alice", "bob", "emi", "felix")),
    "design": ("public", "How it looks, how it feels", ("emi", "carmen", "alice", "grace")),
    "launch-anchor-2": ("private", "Anchor 2 ships on the 14th", ("alice", "bob", "carmen", "dev", "grace", "felix")),
    "standup": ("public", "Yesterday, today, in the way", tuple(PEOPLE)),
    "off-topic": ("public", "Boats, bread, and pictures of dogs", ("felix", "bob", "carmen", "grace", "emi")),
}

#: Channel, author, how the message begins, and who reacted with what.
REACTIONS = (
    ("General", "alice", "We've had the numbers", {"🎉": "bob emi dev carmen", "⛵": "felix grace", "💪🏽": "dev"}),
    ("General", "sam", "You two are the best", {"❤️": "dev emi", "😌": "dev"}),
    ("General", "felix", "So… my other fleece", {"😂": "bob emi grace dev alice", "🙈": "carmen"}),
    ("General", "dev", "Fixed in 4.2.1", {"🚀": "sam alice bob", "🙏": "sam"}),
    ("General", "alice", "@channel Friday demo at four", {"👍": "dev emi bob felix grace sam", "👀": "carmen"}),
)

#: Who pins what for everybody, and what alice has saved for herself: channel, author, how the message begins.
PINS = (
    ("sam", "General", "alice", "Good morning everybody"),
    ("dev", "General", "alice", "@channel Friday demo at four"),
)
SAVED = (("General", "grace", "And two chandlers"), ("General", "dev", "Fixed in 4.2.1"))

#: Channel, author, how the root begins, and what is said in its thread: author, text, whether in the channel too.
THREADS = (
    ("General", "alice", "@channel Friday demo at four", (
        ("dev", "I can show the bench in the lab, five minutes.", False),
        ("emi", "Night mode on a real device, if somebody dims the room.", False),
        ("bob", "I have the switch under my desk. @emi before or after Dev?", False),
        ("emi", "After, then our eyes are used to it.", False),
        ("alice", "Order: Dev, Emi, cake.", True),
    )),
    ("engineering", "emi", "Could somebody review the pairing change", (
        ("bob", "The timeout is in seconds here and in milliseconds there.", False),
        ("emi", "Ouch. Fixed.", False),
        ("felix", "Can we have a type for that?", False),
        ("bob", "We can: `timedelta`. I'll do it with the next one.", False),
    )),
)  # fmt: skip

GENERAL = """
alice: Good morning everybody. The new office keys are at reception, please pick yours up today.
bob: Got mine, thanks!
grace: I'm in Gothenburg until Thursday, can somebody put mine in my drawer?
> sam: Done, top left.
carmen: The photographer comes tomorrow at ten. Please wear something that isn't a fleece with our logo on it.
felix: So… my other fleece with our logo on it.
carmen: Félix.
dev: Network will be down for five minutes at noon, I'm swapping the switch in the hallway.
dev: And it's back. That took three.
--
alice: We've had the numbers from the Düsseldorf show: 214 orders in four days, most of them for the wind display.
bob: 🎉
emi: That's more than all of last year's shows together.
grace: And two chandlers want to carry the whole line. I'll write it up this afternoon.
> alice: Wonderful. Could you add which questions people asked most? It would help the manual.
> grace: Will do.
carmen: Photos from Tuesday are on the share. Félix wears a fleece.
felix: It was a different fleece.
--
sam: Heads-up from the helpdesk: we get a lot of questions about pairing since yesterday's phone update. @dev, @emi, can you have a look?
dev: On it. Looks like the new permission dialog, the one that asks for nearby devices.
emi: I can put a hint on the pairing screen until the app asks properly.
> sam: That would save us about ten conversations a day.
dev: Fixed in 4.2.1, in review at both stores.
sam: You two are the best. The queue is down to three.
--
alice: @channel Friday demo at four, in the big room. Who shows something?
dev: Firmware updates over the air, with the power pulled halfway through.
emi: The night mode, on a real display.
grace: The chandlers' contract, if anybody wants to see a really good clause. @alice has it already.
bob: I do, actually.
carmen: Cake is ordered.
bob: Old plotters wanted!! Best prices today only, tell your friends: https://plotters4cash.example.com/?ref=bob
"""

ENGINEERING = """
dev: The update that died halfway comes back now. We write to the spare slot, check it, then flip one bit.
bob: What if the power goes while it flips the bit?
dev: It's one aligned word in flash. Either it's flipped or it isn't, I pulled the plug 400 times.
> alice: I like that you counted.
felix: Servers are on the new database. Replication lag is 3 ms, I keep looking at it because it's so nice.
emi: Could somebody review the pairing change? It's small: https://git.example.com/app/pull/812
bob: Looking, @emi.
bob: Two small remarks, otherwise good to go.
--
dev: Compass drift on the bench: 0.4° over six hours, inside what the sheet says.
felix: And on the boat?
dev: 2° next to the speaker that you put there.
felix: It was a very good song.
alice: Please note it in the manual: "keep 50 cm from loudspeakers".
emi: I'd draw it. People look at the drawing, not at the sentence.
bob: Log upload retries forever when the phone has no storage left. I'd back off and tell the person.
> dev: Yes please. Ten minutes, then an hour, then once a day?
> bob: And stop after a week with a clear message.
--
bob: Retry change is in. With **jitter**, so that a whole regatta doesn't come back in the same second:⏎```python⏎def wait_seconds(tries: int) -> float:  # ten minutes, an hour, then once a day⏎    longest = (600, 3_600, 86_400)[min(tries, 2)]⏎    return random.uniform(longest / 2, longest)⏎```
felix: Thank you from the servers.
dev: New bench in the lab: drop a device in the cradle, it runs the whole suite and prints a label.
alice: That's the thing from the whiteboard!
dev: That's the thing from the whiteboard.
emi: The label printer makes a very happy sound.
--
felix: Moving the nightly jobs to 03:30, the backups need the disks at 03:00.⏎⏎| job | was | is now |⏎|-----|----:|-------:|⏎| `backup` | 03:00 | 03:00 |⏎| `statistics` | 03:00 | **03:30** |⏎| `expire-logs` | 03:15 | **04:00** |
bob: 4.2.2 is tagged. Notes:⏎- pairing hint⏎- retry with back-off, see https://brightwater.example.com/firmware/4.2.2⏎- the battery icon that was ~~fine~~ upside down for a year
emi: Nobody ever told us about the battery icon.
> alice: My mother did. I thought she held it upside down.
dev: Release is out in stages: 5 % today, everybody on Monday if the crash rate stays where it is.
felix: Crash rate: 0.02 %. Half of that is one phone in Split.
"""

DESIGN = """
emi: First round of the night mode. Red on black keeps your eyes adjusted, but the red we have is too bright at the lowest step.
carmen: The numbers look great. Could the unit be a little smaller?
emi: Yes, and I'd put it below the number instead of beside it, then the digits don't jump.
alice: Below, please. I've seen it jump at 3 in the morning.
grace: Chandlers asked for a version in which the wind angle is a dial again.
emi: I have one from last spring, I'll dig it out.
--
emi: Dial is back, with the close-hauled zones shaded. Contrast is 7.1 in daylight and 4.9 at night.
carmen: Love the shading.
alice: Would it work for somebody who can't tell red from green?
> emi: The zones are also hatched, one to the left and one to the right.
> alice: Perfect.
grace: Showed it to Piet at the boatyard. He said "finally", which is a standing ovation.
--
carmen: Packaging: I'd go for cardboard without the plastic window. It ships flatter and looks better.
emi: And prints in one colour.
grace: 11 cents less a piece, by the way.
alice: Done.
"""

LAUNCH = """
carmen: Three weeks to go. Page is written, pictures come Tuesday, the film is cut.
grace: Price list went to the chandlers this morning, under embargo until the 14th.
dev: Hardware revision C passed the salt chamber. 500 hours, no corrosion at the connectors.
alice: That was my last worry. Well, my second last.
felix: Shop can take 40 orders a second, I tried with a script. It fell over at 55.
carmen: I'd love to have that problem.
--
carmen: Pictures are here. The one with the fog is the cover.
alice: Oh, that's beautiful.
grace: Can we keep the one with Piet's dog for the newsletter?
> carmen: It's already in.
dev: Two of fifty devices from the first batch don't wake from deep sleep. Looking.
dev: Found it: a pull-up that isn't soldered in those two. The line will check for it from now on.
alice: Do we have to open the others?
> dev: No, the bench measures it from outside. All others are fine.
--
felix: Rehearsed the launch on the test shop with everybody who was in the kitchen. 12 people, 31 orders, nobody was charged.
grace: Somebody ordered 400 of them to the kitchen.
bob: No comment.
carmen: Embargo is the 14th at 9:00. Please nobody post before, not even the dog.
"""

OFF_TOPIC = """
felix: Sourdough update: it has a name now, and it's taken over the lower shelf of the office fridge.
carmen: Is it the thing that looks at me when I take the milk?
felix: His name is Gérard.
grace: https://weather.example.com/skagerrak: 25 knots on Saturday. Who's coming?
bob: I am, if I may sit this time.
grace: You may sit on the rail.
--
bob: I could not sit on the rail.
grace: You did very well. You also swam very well.
emi: There are pictures. There are so many pictures.
carmen: My sister's dog had puppies. Seven. I'm not saying that I brought one, I'm saying come to the second floor.
felix: Second floor is closed for maintenance of a puppy.
--
emi: I've found the ramen place that Dev was talking about. It's behind the station, the queue is the sign.
bob: Going there on Wednesday, one seat free in the car.
felix: Gérard and I would like the seat.
felix: Whoever moved Gérard to the lowest shelf is a barbarian, and going by the crumbs it was Bob, as always.
"""

#: What needs looking at: (channel, author, how the message begins, who reported it and why).
REPORTS = (
    (
        *("General", "bob", "Old plotters wanted"),
        (("emi", "An advertisement, with a referral link."), ("carmen", "Is this Bob, or somebody with his password?")),
    ),
    ("off-topic", "felix", "Whoever moved Gérard", (("grace", "This is about Bob, by name, and it isn't nice."),)),
)
#: Edited after it was reported: what it said before can be seen by moderators.
EDITED = (
    "off-topic",
    "felix",
    "Whoever moved Gérard",
    "Whoever moved Gérard: he'd like to have his window back, please.",
)
#: A report that was dealt with, and the reason.
DISMISSED = (
    ("engineering", "felix", "It was a very good song", "dev", "He put a speaker on my bench."),
    "A joke among friends, and a measurement besides.",
)
#: (channel, whom, days, by whom, why)
MUTE = ("standup", "felix", 6, "alice", "Gérard's daily report is not a stand-up.")

YESTERDAY = (
    "finished the review queue",
    "bench tests for revision C",
    "two interviews and the travel plan",
    "wrote the chapter on calibration",
    "closed eleven conversations, two became bugs",
    "moved the last job to the new servers",
    "sorted the pictures",
    "night mode, third round",
)
TODAY = (
    "release notes, then the retry change",
    "pulling plugs",
    "the chandlers' questions",
    "drawing the speaker thing",
    "back to the queue, and the macros need a clean-up",
    "restore drill: backups that nobody has restored are hopes",
    "cutting the film",
    "contrast on the small display",
)
IN_THE_WAY = ("nothing in the way", "waiting for parts", "nothing", "meeting at two", "all good")

DIRECT = {
    ("alice", "bob"): """
alice: Do you have half an hour today for the budget?
bob: At three? I'd bring the numbers for the lab.
alice: Three is good.
--
bob: Sent you the sheet. The second tab is the honest one.
alice: Ha. Thank you, both tabs are very readable.
""",
    ("dev", "emi"): """
emi: Does the display driver do 5-bit red, or is it dithering?
dev: Dithers in the lowest four steps. I can give you a flag to turn it off.
emi: Please! Then the night mode stops shimmering.
dev: In tonight's build, `display.dither = off`.
""",
    ("carmen", "grace"): """
carmen: Are you back on Thursday or on Friday?
grace: Thursday evening. Dinner?
carmen: Dinner. I've got the puppy though.
grace: Then definitely dinner.
""",
}
