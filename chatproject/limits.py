"""Every number that bounds Gapless, once. `hello` sends them, the table of docs/limits.md is made from them, a test holds each.

Any of them can be set by the environment: GAPLESS_LIMIT_ and the field's name, e.g. GAPLESS_LIMIT_MESSAGES_PER_MINUTE=0.
"""

import dataclasses

from chatproject import env


def _limit(value: int, *, unit: str, exceeded: str) -> int:
    return dataclasses.field(default=value, metadata={"unit": unit, "exceeded": exceeded})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    #: A message's body. The database refuses more than 2,048 by itself: this can only be lowered.
    message_bytes: int = _limit(2048, unit="bytes of UTF-8", exceeded="`too_long`")
    #: One frame that a client sends; checked by the server before anything is parsed.
    frame_bytes: int = _limit(16 * 1024, unit="bytes", exceeded="close 1009")
    #: The head of one HTTP request or handshake: its line and its headers, large cookies included.
    head_bytes: int = _limit(32 * 1024, unit="bytes a request", exceeded="431, closed")
    #: From the connection, or from a later head's first byte, to the head's end. Who says nothing for so long is closed too.
    head_seconds: int = _limit(5, unit="seconds a request", exceeded="408, closed")
    #: One HTTP request's body.
    request_bytes: int = _limit(256 * 1024, unit="bytes", exceeded="413, closed")
    #: From the end of the head to the end of the body, in all; a place is taken only then.
    request_seconds: int = _limit(30, unit="seconds", exceeded="408, closed")
    #: Unfinished bodies that are held together; beyond it the largest is given up.
    unfinished_bytes: int = _limit(16 * 1024 * 1024, unit="bytes a process", exceeded="503 + `Retry-After`, closed")
    #: Complete requests that wait for a place among those that are worked on.
    requests_waiting: int = _limit(64, unit="requests a process", exceeded="503 + `Retry-After`")
    #: Requests of one person that are worked on at once; their others wait, and hold no place among everybody's meanwhile.
    #: Fewer where there are not as many places: one is always somebody else's. 0 lifts it.
    requests_at_once: int = _limit(2, unit="a user and process", exceeded="they wait for each other")
    #: Sockets from their handshake to their `hello`: a crowd comes in one after another instead of timing out together.
    openings: int = _limit(50, unit="a process", exceeded="503 + `Retry-After`, spread")
    #: Frames that could not be understood, from one socket.
    bad_frames_per_minute: int = _limit(20, unit="a minute a socket", exceeded="close 4502")
    #: Frames that are taken from one socket; beyond it reading waits.
    frames_per_second: int = _limit(500, unit="a second a socket", exceeded="read later")
    #: Frames that are taken from all sockets of one user in one process; beyond it reading waits.
    user_frames_per_second: int = _limit(1000, unit="a second a user and process", exceeded="read later")
    #: Requests and handshakes of one address (of IPv6: one /64) in one process; an office comes from one address. 0 lifts it.
    address_requests_per_minute: int = _limit(6000, unit="a minute an address and process", exceeded="429")
    #: HTTP requests of one user (pages, admin, API, all sessions and tokens), exact in every window of 60 s: a returning client
    #: that reads long histories stays far below. 0 lifts it.
    requests_per_minute: int = _limit(1200, unit="a minute a user", exceeded="429 + `Retry-After`")
    #: Tries of a password for one name from one address (of IPv6: one /64), at every door that asks for one. 0 lifts it.
    sign_ins_per_minute: int = _limit(10, unit="a minute a name and address", exceeded="429 + `Retry-After`")
    #: The same from all addresses together where the person has not signed in before: guessing from many is bounded, and does
    #: not lock the person out of their own. 0 lifts it.
    strange_sign_ins_per_hour: int = _limit(
        100, unit="an hour a name, from addresses that are not its own", exceeded="429 + `Retry-After`"
    )
    #: Tries of a password for any name: generous for an office behind one address. 0 lifts it.
    address_sign_ins_per_minute: int = _limit(60, unit="a minute an address", exceeded="429 + `Retry-After`")
    #: Accounts that are made from one address, whether it works or not. 0 lifts it.
    address_sign_ups_per_hour: int = _limit(20, unit="an hour an address", exceeded="429 + `Retry-After`")
    #: Links with a secret (an invitation, a new password, the set-up) that an address opens, whatever they hold. 0 lifts it.
    address_links_per_minute: int = _limit(120, unit="a minute an address", exceeded="429 + `Retry-After`")
    #: Messages of one user through all doors, exact in every window of 60 s. 0 lifts it (for load tests).
    messages_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Channels that one user opens, direct ones included, exact in every window of an hour. 0 lifts it.
    creations_per_hour: int = _limit(5, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: How long the token of a visit to the support holds after its last use.
    visit_days: int = _limit(30, unit="days", exceeded="401: a visit begins anew")
    #: A visitor who came so long ago and has written nothing: `manage.py prune` takes them away.
    silent_visitor_days: int = _limit(30, unit="days", exceeded="pruned: a visit begins anew")
    #: Visits to the support that begin from one address, whatever the inbox. 0 lifts it.
    address_visits_per_hour: int = _limit(1000, unit="an hour an address", exceeded="429 + `Retry-After`")
    #: Conversations with the support that one visitor begins; a repeat of the first message is free. 0 lifts it.
    conversations_per_hour: int = _limit(6, unit="an hour a visitor", exceeded="`rate_limited` + `retry_after`")
    #: Transcripts of conversations that one customer or agent asks for, each of which may be a mail. 0 lifts it.
    transcripts_per_hour: int = _limit(20, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Public channels that one user joins. 0 lifts it.
    joins_per_hour: int = _limit(20, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Tokens and invitations that one user makes, also what was taken back meanwhile. 0 lifts it.
    secrets_per_hour: int = _limit(100, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Edits and deletions of one user: everybody in the channel gets each, and a plain member is not to use up what is replayed
    #: to those who return. 0 lifts it.
    revisions_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Reactions that one user gives and takes back: each is a change that everybody in the channel gets. 0 lifts it.
    reactions_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Different emoji with which people have reacted to one message.
    reaction_kinds: int = _limit(20, unit="a message", exceeded="`invalid`")
    #: Pins that one user sets and takes away: each is a change that everybody in the channel gets. 0 lifts it.
    pins_per_minute: int = _limit(20, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Pinned messages of one channel.
    pins: int = _limit(100, unit="a channel", exceeded="`invalid`")
    #: Messages that one user has saved.
    saved: int = _limit(1_000, unit="a user", exceeded="`invalid`")
    #: Changes of names, topics and channels (archiving too) by one user. 0 lifts it.
    renames_per_minute: int = _limit(20, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: People whom one user adds, removes or gives another role, one's own leaving and level of notice,
    #: and blocks. 0 lifts it.
    memberships_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Claims, releases, snoozes and the like by one agent: each is a line in the conversation's logs. 0 lifts it.
    desk_acts_per_minute: int = _limit(300, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: For how long a resolved conversation stays in the lists of its agents.
    resolved_hours: int = _limit(24, unit="hours", exceeded="–")
    #: For how long a conversation can be snoozed.
    snooze_days: int = _limit(366, unit="days", exceeded="`invalid`")
    #: Rows of bulk acts by one user, done or refused: six of the largest acts. 0 lifts it.
    bulk_rows_per_minute: int = _limit(600, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Sockets of one user, over all processes. 0 lifts it (for load tests).
    sockets_per_user: int = _limit(10, unit="a user", exceeded="close 4503 of the idlest")
    #: Requests of one user that wait (`changes/?wait=`), in one process: each holds a connection.
    waits_per_user: int = _limit(10, unit="a user and process", exceeded="`rate_limited` + `retry_after`")
    #: Sockets of a channel beyond each member's first, which always has its place: 120 with 100 members. 0 lifts it.
    spare_sockets: int = _limit(20, unit="a channel, beyond each member's first", exceeded="`too_many_connections`")
    #: From when a message was said until its author can't edit it any more.
    edit_hours: int = _limit(24, unit="hours", exceeded="`forbidden`")
    #: Edits of one message: what it said before each is kept for moderators.
    versions: int = _limit(100, unit="a message", exceeded="`forbidden`")
    #: Channels of one user that are not archived: a client holds a number for each, and `hello` names them all.
    channels_per_user: int = _limit(5000, unit="a user", exceeded="`invalid`")
    #: From when a channel was archived until its members find it in `hello` and in their lists no more; it can still be read.
    archived_days: int = _limit(30, unit="days", exceeded="left out of `hello`")
    #: Members of one channel. The database refuses more than 100 by itself: this can only be lowered.
    members: int = _limit(100, unit="a channel", exceeded="`channel_full`")
    #: Up to so many members everybody may call all of them (`@here`, `@channel`); in larger channels owners and moderators may.
    everyone_members: int = _limit(12, unit="members", exceeded="it stays text")
    #: Tokens of one user, whether they stand or have expired.
    tokens: int = _limit(50, unit="a user", exceeded="`conflict`")
    #: Invitations of one user that stand.
    invites: int = _limit(50, unit="a user", exceeded="`conflict`")
    #: Channels to which one invitation lets in.
    invite_channels: int = _limit(20, unit="an invitation", exceeded="`invalid`")
    #: People whom one invitation lets in; without `uses` so many.
    invite_uses: int = _limit(100, unit="an invitation", exceeded="`invalid`")
    #: How long an invitation holds, without `expires_in`: a week.
    invite_seconds: int = _limit(7 * 24 * 3600, unit="seconds", exceeded="it lets nobody in")
    #: How long one can hold: a year.
    invite_most_seconds: int = _limit(366 * 24 * 3600, unit="seconds", exceeded="`invalid`")
    #: How long a one-time link to a new password holds.
    password_link_hours: int = _limit(24, unit="hours", exceeded="it sets no password")
    #: One file, as it comes and as it is stored.
    file_bytes: int = _limit(25 * 1024 * 1024, unit="bytes a file", exceeded="`too_big`")
    #: Pixels of a picture: looked at before it is drawn.
    image_pixels: int = _limit(50_000_000, unit="pixels a picture", exceeded="`invalid`")
    #: What the files of one user hold together, those of messages and those that wait for one.
    quota_megabytes: int = _limit(1024, unit="megabytes a user", exceeded="`quota`")
    #: The same of a visitor, whom anybody becomes by asking.
    visitor_quota_megabytes: int = _limit(100, unit="megabytes a visitor", exceeded="`quota`")
    #: The same of all visitors of an inbox together: whoever comes from outside fills no disk.
    inbox_megabytes: int = _limit(10_240, unit="megabytes an inbox", exceeded="`quota`")
    #: Files that visitors begin to send from one address. 0 lifts it.
    address_uploads_per_hour: int = _limit(120, unit="an hour an address, of visitors", exceeded="429 + `Retry-After`")
    #: Files that one user begins to send. 0 lifts it.
    uploads_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Files of one user that are on their way, in one process; of visitors, those from one address.
    uploads_at_once: int = _limit(4, unit="a user and process", exceeded="`rate_limited` + `retry_after`")
    #: The same of all users: each has a body on the disk, and holds no place among the requests.
    uploads_under_way: int = _limit(32, unit="a process", exceeded="`unavailable` + `retry_after`")
    #: Of these those of visitors: people keep the others, whoever comes from outside.
    visitor_uploads_under_way: int = _limit(16, unit="a process", exceeded="`unavailable` + `retry_after`")
    #: From when a file was given until it is taken away, if no message took it.
    orphan_hours: int = _limit(24, unit="hours", exceeded="it is gone")
    #: Files of one message.
    files_per_message: int = _limit(10, unit="a message", exceeded="`invalid`")
    #: Between two heartbeats of the server.
    heartbeat_seconds: int = _limit(30, unit="seconds", exceeded="–")
    #: Without a frame or a pong from the peer.
    silent_seconds: int = _limit(75, unit="seconds", exceeded="close 4002")
    #: From `hello` to the first sync; what the server takes for `hello` and for the replay is not counted.
    opening_seconds: int = _limit(5, unit="seconds", exceeded="close 4004")
    #: Messages waiting to be committed in one channel, in one process.
    lane_waiting: int = _limit(1000, unit="a channel", exceeded="`queue_full` + `retry_after`")
    #: A commit, until its senders are answered: PostgreSQL may be gone, or stand still.
    commit_seconds: int = _limit(3, unit="seconds", exceeded="`unavailable`")
    #: Messages in one transaction, and changes in one frame.
    batch: int = _limit(50, unit="messages", exceeded="the next batch")
    #: Changes replayed to a returning client, a channel.
    replay_changes: int = _limit(1000, unit="changes a channel", exceeded="`resync`")
    #: Age of the oldest change that is replayed.
    replay_hours: int = _limit(24, unit="hours a channel", exceeded="`resync`")
    #: Rows of one page of a list.
    page: int = _limit(20, unit="rows", exceeded="the next page")
    #: Rows of one page for programs that ask for more: `?page_size=`.
    page_most: int = _limit(100, unit="rows", exceeded="`invalid`")
    #: Rows of one bulk act of moderation.
    bulk: int = _limit(100, unit="rows", exceeded="`invalid`")
    #: The longest mute, or removal for a time: a year. Who should be away for longer is removed without an end, or banned.
    mute_minutes: int = _limit(525_600, unit="minutes", exceeded="`invalid`")
    #: Whom one person has blocked: all of them stand in `hello`.
    blocks: int = _limit(1_000, unit="a user", exceeded="`invalid`")
    #: Reports of one user, so that a queue can't be flooded. 0 lifts it.
    reports_per_hour: int = _limit(20, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Newest messages of a channel that are kept in Redis for the next reader.
    recent_messages: int = _limit(100, unit="messages a channel", exceeded="older ones are read from the rows")
    #: How long they are kept in a channel in which something was said within that time.
    recent_active_seconds: int = _limit(3600, unit="seconds", exceeded="read from the rows")
    #: The same in any other channel.
    recent_idle_seconds: int = _limit(900, unit="seconds", exceeded="read from the rows")
    #: Unsent to one socket: above this, what is only of the moment is dropped.
    outbox_soft_bytes: int = _limit(64 * 1024, unit="bytes a socket", exceeded="typing and presence are dropped")
    #: Unsent to one socket: above this it is closed and resumes by number.
    outbox_bytes: int = _limit(1024 * 1024, unit="bytes a socket", exceeded="close 4001")
    #: Unsent to one socket, counted in frames.
    outbox_frames: int = _limit(1000, unit="frames a socket", exceeded="close 4001")
    #: Unsent to all sockets of one process together: above this the slowest readers are closed first.
    outbox_total_bytes: int = _limit(64 * 1024 * 1024, unit="bytes a process", exceeded="close 4001")
    #: Between two comparisons of this process's positions with PostgreSQL.
    position_check_seconds: int = _limit(10, unit="seconds", exceeded="–")
    #: The same while Redis carries no announcements.
    position_check_deaf_seconds: int = _limit(2, unit="seconds", exceeded="–")
    #: Between two checks that the logins of all connected sockets still hold.
    login_check_seconds: int = _limit(30, unit="seconds", exceeded="close 4500")
    #: Between two flushes of delivered and read cursors.
    receipts_seconds: int = _limit(1, unit="seconds", exceeded="–")
    #: Present after the last word of a process that has the person: a killed process leaves no ghost for longer.
    present_seconds: int = _limit(75, unit="seconds", exceeded="offline")
    #: Coming back within this is not noticed by anybody.
    flap_seconds: int = _limit(5, unit="seconds", exceeded="offline")
    #: Without input on any device; told by the clients.
    away_seconds: int = _limit(300, unit="seconds", exceeded="away")
    #: A name is shown as typing after it was last said.
    typing_seconds: int = _limit(6, unit="seconds", exceeded="no longer shown")
    #: Between two words of a client that the person goes on typing.
    typing_again_seconds: int = _limit(3, unit="seconds", exceeded="–")
    #: Between two pushes of presence, or of typing, in one channel.
    presence_push_seconds: int = _limit(1, unit="seconds a channel", exceeded="the next push")
    #: Between two statements with which a process writes who was seen.
    presence_write_seconds: int = _limit(60, unit="seconds a process", exceeded="the next statement")
    #: What a person says of themselves. The database refuses more than 80 by itself: this can only be lowered.
    activity_characters: int = _limit(80, unit="characters", exceeded="`invalid`")
    #: Choices of status or activity by one user. 0 lifts it.
    choices_per_minute: int = _limit(20, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: An answer of the support desk, or a customer who waits, that nobody has read: after that a mail is sent.
    unread_mail_seconds: int = _limit(180, unit="seconds", exceeded="a mail")
    #: Before an answer is due, its agent is told by mail.
    due_soon_seconds: int = _limit(900, unit="seconds", exceeded="a mail")
    #: A customer's mail to the support desk, with all that is attached to it.
    mail_bytes: int = _limit(10 * 1024 * 1024, unit="bytes", exceeded="refused")
    #: Messages that a customer's mail becomes, for it may be longer than one.
    mail_parts: int = _limit(20, unit="messages a mail", exceeded="refused")
    #: Between two looks into a mailbox from which customers' mails are collected.
    mailbox_seconds: int = _limit(30, unit="seconds a mailbox", exceeded="the next look")
    #: Mails that one look takes up; where there are more, the next one follows at once.
    mails_a_look: int = _limit(100, unit="mails a look", exceeded="the next look")
    #: What web processes counted, minute by minute, for the staff's page of the operation.
    minutes_hours: int = _limit(48, unit="hours", exceeded="taken away")
    #: How many messages and people a day had.
    figures_days: int = _limit(400, unit="days", exceeded="taken away")
    #: From SIGTERM to the end of the process, whatever the peers do.
    drain_seconds: int = _limit(30, unit="seconds", exceeded="the process ends")
    #: The event loop of a web process takes no turn for so long, while that of another does or it is the only one: its parent
    #: kills it. Long for any work of ours, and less than clients wait before they come back elsewhere (`silent_seconds`).
    hung_seconds: int = _limit(30, unit="seconds", exceeded="the process is killed, another is started")
    #: Database connections of one process; fewer when all processes together would pass `server_connections`.
    pool: int = _limit(20, unit="connections a process", exceeded="`unavailable`")
    #: Waiting for a free connection.
    pool_wait_seconds: int = _limit(3, unit="seconds", exceeded="`unavailable`")
    #: One SQL statement.
    statement_seconds: int = _limit(5, unit="seconds", exceeded="`unavailable`")
    #: Waiting for a row lock; less than a commit may take, so that a locked row is told from a database that is away.
    lock_seconds: int = _limit(2, unit="seconds", exceeded="`unavailable`")
    #: A migration that waits for a lock: writers queue behind it meanwhile, so it gives up soon.
    migration_lock_seconds: int = _limit(5, unit="seconds", exceeded="the migration gives up, and says who holds it")
    #: A transaction in which nothing is said: of a web process that was stopped in the middle, whose locks others wait for.
    idle_in_transaction_seconds: int = _limit(15, unit="seconds", exceeded="cut off, undone")
    #: An unused database connection.
    idle_seconds: int = _limit(30, unit="seconds", exceeded="closed")
    #: Connections that the PostgreSQL server takes.
    server_connections: int = _limit(50, unit="connections", exceeded="a system check says so")


LIMITS = env.override(Limits(), prefix="GAPLESS_LIMIT_")
