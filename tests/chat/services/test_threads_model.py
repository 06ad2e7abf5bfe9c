"""A thread's count and what each of its followers has unread, after any sequence of what people do."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chat import services
from chat.models import Message, User
from delivery.wire import ids
from tests.conftest import Cast
from tests.stage.threads import reply, root_of, unread_in

pytestmark = pytest.mark.django_db

STEP = st.one_of(
    st.tuples(st.just("reply"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("delete"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("read"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.sampled_from(["leave", "follow", "read_channel"]), st.integers(0, 1), st.booleans()),
)


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink]
)
@given(st.lists(STEP, max_size=14))
def test_after_any_sequence_threads_count_what_a_reader_would_count(cast: Cast, steps: list[tuple[Any, ...]]) -> None:
    root = root_of(cast)
    people = [cast.alice, cast.bob]
    said_here: list[tuple[int, User]] = []
    gone: set[int] = set()
    follows, read = dict.fromkeys(people, False), dict.fromkeys(people, 0)
    for verb, choice, more in steps:
        whom = people[choice % 2]
        if verb == "reply":
            message = reply(whom, root, also_in_channel=more)
            # Alice wrote the root: she follows from the first reply on, unless she has stopped since.
            if not said_here and read[cast.alice] == 0:
                follows[cast.alice], read[cast.alice] = True, root.seq
            if read[whom] == 0:
                read[whom] = message["seq"]
            follows[whom] = True
            said_here.append((message["seq"], whom))
        elif verb == "delete" and said_here:
            seq, by = said_here[choice % len(said_here)]
            row = Message.objects.get(channel=cast.team, seq=seq)
            services.delete_message(by, channel=cast.team.pk, message=row.pk)
            gone.add(seq)
        elif verb == "read" and said_here:
            seq, _ = said_here[more % len(said_here)]
            services.follow_thread(whom, channel=cast.team.pk, message=root.pk, read_seq=seq)
            read[whom] = max(read[whom], seq) if read[whom] else 0
        elif verb in ("leave", "follow"):
            services.follow_thread(whom, channel=cast.team.pk, message=root.pk, following=verb == "follow")
            read[whom] = read[whom] or (said_here[-1][0] if said_here else root.seq)
            follows[whom] = verb == "follow"
        elif verb == "read_channel":
            services.read_channel(whom, channel=cast.team.pk, seq=ids.MOST)
    after = Message.objects.get(pk=root.pk)
    assert after.reply_count == len({seq for seq, _ in said_here} - gone)
    assert after.last_reply_seq == (said_here[-1][0] if said_here else None)
    for user in people:
        wanted = sum(seq > read[user] and by != user and seq not in gone for seq, by in said_here)
        assert unread_in(user, root) == (wanted if follows[user] else 0)
