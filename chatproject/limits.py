"""All limits of Gapless. `hello` sends them, the table of docs/limits.md is made from them, a test holds each.

The environment can set each: GAPLESS_LIMIT_ and the field's name, e.g. GAPLESS_LIMIT_MESSAGES_PER_MINUTE=0.
"""

import dataclasses

#: The beginning of the variables that set limits.
PREFIX = "GAPLESS_LIMIT_"


def _limit(value: int, *, unit: str, exceeded: str) -> int:
    return dataclasses.field(default=value, metadata={"unit": unit, "exceeded": exceeded})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    #: A message's body. The database refuses more than 2,048 bytes, so this can only be lowered.
    message_bytes: int = _limit(2048, unit="bytes of UTF-8", exceeded="`too_long`")
    #: One frame of a client; the server checks this before it parses the frame.
    frame_bytes: int = _limit(16 * 1024, unit="bytes", exceeded="close 1009")
    #: The head of one HTTP request or handshake: its line and its headers, large cookies included.
    head_bytes: int = _limit(32 * 1024, unit="bytes a request", exceeded="431, closed")
    #: From the connection, or from a later head's first byte, to the head's end. A silent connection is closed after it too.
    head_seconds: int = _limit(5, unit="seconds a request", exceeded="408, closed")
    #: One HTTP request's body.
    request_bytes: int = _limit(256 * 1024, unit="bytes", exceeded="413, closed")
    #: From the end of the head to the end of the body, in all; only then the request takes a place.
    request_seconds: int = _limit(30, unit="seconds", exceeded="408, closed")
    #: All unfinished bodies together; beyond it the server gives up the largest.
    unfinished_bytes: int = _limit(16 * 1024 * 1024, unit="bytes a process", exceeded="503 + `Retry-After`, closed")
    #: Complete requests that wait for a place.
    requests_waiting: int = _limit(64, unit="requests a process", exceeded="503 + `Retry-After`")
    #: Requests of one user that hold a place at once; the user's other requests wait without a place.
    #: With few places it is less: one place is always left for another user. 0 lifts it.
    requests_at_once: int = _limit(2, unit="a user and process", exceeded="they wait for each other")
    #: Sockets between handshake and `hello`: a crowd is let in one after another instead of timing out together.
    openings: int = _limit(50, unit="a process", exceeded="503 + `Retry-After`, spread")
    #: Frames of one socket that are not valid.
    bad_frames_per_minute: int = _limit(20, unit="a minute a socket", exceeded="close 4502")
    #: Frames that the server reads from one socket; beyond it reading waits.
    frames_per_second: int = _limit(500, unit="a second a socket", exceeded="read later")
    #: Frames that one process reads from all sockets of one user; beyond it reading waits.
    user_frames_per_second: int = _limit(1000, unit="a second a user and process", exceeded="read later")
    #: Requests and handshakes of one address (IPv6: one /64) in one process; a whole office may share one address. 0 lifts it.
    address_requests_per_minute: int = _limit(6000, unit="a minute an address and process", exceeded="429")
    #: HTTP requests of one user (pages, admin, API, all sessions and tokens), exact in every window of 60 s. A returning client
    #: that reads long histories stays far below it. 0 lifts it.
    requests_per_minute: int = _limit(1200, unit="a minute a user", exceeded="429 + `Retry-After`")
    #: Tries of a password for one name from one address (IPv6: one /64), at all doors together. 0 lifts it.
    sign_ins_per_minute: int = _limit(10, unit="a minute a name and address", exceeded="429 + `Retry-After`")
    #: The same from all addresses together from which the user has never signed in: it bounds guessing from many addresses, and
    #: does not lock the user out of their own addresses. 0 lifts it.
    strange_sign_ins_per_hour: int = _limit(
        100, unit="an hour a name, from addresses that are not its own", exceeded="429 + `Retry-After`"
    )
    #: Tries of a password for any name from one address: high enough for an office behind one address. 0 lifts it.
    address_sign_ins_per_minute: int = _limit(60, unit="a minute an address", exceeded="429 + `Retry-After`")
    #: Tries to create an account from one address, with and without success. 0 lifts it.
    address_sign_ups_per_hour: int = _limit(20, unit="an hour an address", exceeded="429 + `Retry-After`")
    #: Links with a secret (an invitation, a new password, the set-up) that one address opens, valid or not. 0 lifts it.
    address_links_per_minute: int = _limit(120, unit="a minute an address", exceeded="429 + `Retry-After`")
    #: Messages of one user through all doors, exact in every window of 60 s. 0 lifts it (for load tests).
    messages_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Channels that one user creates, direct ones included, exact in every window of an hour. 0 lifts it.
    creations_per_hour: int = _limit(5, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: How long the token of a visit to the support is valid after its last use.
    visit_days: int = _limit(30, unit="days", exceeded="401: a visit begins anew")
    #: `manage.py prune` deletes visitors who came so long ago and have written nothing.
    silent_visitor_days: int = _limit(30, unit="days", exceeded="pruned: a visit begins anew")
    #: Visits to the support that begin from one address, at all inboxes together. 0 lifts it.
    address_visits_per_hour: int = _limit(1000, unit="an hour an address", exceeded="429 + `Retry-After`")
    #: Conversations with the support that one visitor begins; a repeat of the first message does not count. 0 lifts it.
    conversations_per_hour: int = _limit(6, unit="an hour a visitor", exceeded="`rate_limited` + `retry_after`")
    #: Transcripts that one customer or agent asks for; each may send a mail. 0 lifts it.
    transcripts_per_hour: int = _limit(20, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Public channels that one user joins. 0 lifts it.
    joins_per_hour: int = _limit(20, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Tokens and invitations that one user creates, including revoked ones. 0 lifts it.
    secrets_per_hour: int = _limit(100, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Edits and deletions of one user: all members get each, and a plain member must not fill the channel's replay to returning
    #: clients. 0 lifts it.
    revisions_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Reactions that one user gives and takes back: each is a change that everybody in the channel gets. 0 lifts it.
    reactions_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Different emoji with which people have reacted to one message.
    reaction_kinds: int = _limit(20, unit="a message", exceeded="`invalid`")
    #: Pins that one user sets and removes: each is a change that all members get. 0 lifts it.
    pins_per_minute: int = _limit(20, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Pinned messages of one channel.
    pins: int = _limit(100, unit="a channel", exceeded="`invalid`")
    #: Messages that one user has saved.
    saved: int = _limit(1_000, unit="a user", exceeded="`invalid`")
    #: Changes of names, topics and channels (archiving too) by one user. 0 lifts it.
    renames_per_minute: int = _limit(20, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Changes of memberships by one user: adding, removing, roles, leaving, the own notify level, and
    #: blocks. 0 lifts it.
    memberships_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Claims, releases, snoozes and the like by one agent: each is a line in the conversation's logs. 0 lifts it.
    desk_acts_per_minute: int = _limit(300, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: For how long agents see a resolved conversation in their lists.
    resolved_hours: int = _limit(24, unit="hours", exceeded="–")
    #: The longest snooze of a conversation.
    snooze_days: int = _limit(366, unit="days", exceeded="`invalid`")
    #: Rows of one user's bulk acts, done or refused: enough for six of the largest acts. 0 lifts it.
    bulk_rows_per_minute: int = _limit(600, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Sockets of one user, over all processes. 0 lifts it (for load tests).
    sockets_per_user: int = _limit(10, unit="a user", exceeded="close 4503 of the idlest")
    #: Requests of one user that wait (`changes/?wait=`), in one process: each holds a connection.
    waits_per_user: int = _limit(10, unit="a user and process", exceeded="`rate_limited` + `retry_after`")
    #: Sockets of a channel beyond each member's first, which always has a seat: 120 with 100 members. 0 lifts it.
    spare_sockets: int = _limit(20, unit="a channel, beyond each member's first", exceeded="`too_many_connections`")
    #: How long after posting the author can edit a message.
    edit_hours: int = _limit(24, unit="hours", exceeded="`forbidden`")
    #: Edits of one message: moderators can read the text before each.
    versions: int = _limit(100, unit="a message", exceeded="`forbidden`")
    #: Channels of one user that are not archived: a client holds a number for each, and `hello` lists them all.
    channels_per_user: int = _limit(5000, unit="a user", exceeded="`invalid`")
    #: How long an archived channel stays in `hello` and in the members' lists; later they can still read it.
    archived_days: int = _limit(30, unit="days", exceeded="left out of `hello`")
    #: Members of one channel. The database refuses more than 100, so this can only be lowered.
    members: int = _limit(100, unit="a channel", exceeded="`channel_full`")
    #: In channels with up to so many members each may mention all (`@here`, `@channel`); in larger ones only owners and moderators.
    everyone_members: int = _limit(12, unit="members", exceeded="it stays text")
    #: Tokens of one user, valid and expired.
    tokens: int = _limit(50, unit="a user", exceeded="`conflict`")
    #: Valid invitations of one user.
    invites: int = _limit(50, unit="a user", exceeded="`conflict`")
    #: Channels of one invitation.
    invite_channels: int = _limit(20, unit="an invitation", exceeded="`invalid`")
    #: People whom one invitation lets in; also the default of `uses`.
    invite_uses: int = _limit(100, unit="an invitation", exceeded="`invalid`")
    #: How long an invitation without `expires_in` is valid: a week.
    invite_seconds: int = _limit(7 * 24 * 3600, unit="seconds", exceeded="it lets nobody in")
    #: How long an invitation can be valid: a year.
    invite_most_seconds: int = _limit(366 * 24 * 3600, unit="seconds", exceeded="`invalid`")
    #: How long a one-time password link is valid.
    password_link_hours: int = _limit(24, unit="hours", exceeded="it sets no password")
    #: One file, as uploaded and as stored.
    file_bytes: int = _limit(25 * 1024 * 1024, unit="bytes a file", exceeded="`too_big`")
    #: Pixels of a picture; checked before the server draws it anew.
    image_pixels: int = _limit(50_000_000, unit="pixels a picture", exceeded="`invalid`")
    #: All files of one user together, those in messages and those still without one.
    quota_megabytes: int = _limit(1024, unit="megabytes a user", exceeded="`quota`")
    #: The same for a visitor; anybody can become one.
    visitor_quota_megabytes: int = _limit(100, unit="megabytes a visitor", exceeded="`quota`")
    #: The same for all visitors of an inbox together, so that visitors can't fill the disk.
    inbox_megabytes: int = _limit(10_240, unit="megabytes an inbox", exceeded="`quota`")
    #: Uploads that visitors begin from one address. 0 lifts it.
    address_uploads_per_hour: int = _limit(120, unit="an hour an address, of visitors", exceeded="429 + `Retry-After`")
    #: Uploads that one user begins. 0 lifts it.
    uploads_per_minute: int = _limit(60, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: Uploads of one user under way in one process; visitors are counted by address.
    uploads_at_once: int = _limit(4, unit="a user and process", exceeded="`rate_limited` + `retry_after`")
    #: Uploads of all users under way: each has a body on the disk, and holds no place among the requests.
    uploads_under_way: int = _limit(32, unit="a process", exceeded="`unavailable` + `retry_after`")
    #: Uploads of visitors under way, out of all: the rest is reserved for other users.
    visitor_uploads_under_way: int = _limit(16, unit="a process", exceeded="`unavailable` + `retry_after`")
    #: How long an uploaded file is kept if no message has it.
    orphan_hours: int = _limit(24, unit="hours", exceeded="it is gone")
    #: Files of one message.
    files_per_message: int = _limit(10, unit="a message", exceeded="`invalid`")
    #: Time between two heartbeats of the server.
    heartbeat_seconds: int = _limit(30, unit="seconds", exceeded="–")
    #: Time without a frame or a pong from the client.
    silent_seconds: int = _limit(75, unit="seconds", exceeded="close 4002")
    #: Time from `hello` to the client's first sync; the server's own work for `hello` and the replay does not count.
    opening_seconds: int = _limit(5, unit="seconds", exceeded="close 4004")
    #: Messages waiting to be committed in one channel, in one process.
    lane_waiting: int = _limit(1000, unit="a channel", exceeded="`queue_full` + `retry_after`")
    #: How long senders wait for a commit before they get an answer: PostgreSQL may be away, or stand still.
    commit_seconds: int = _limit(3, unit="seconds", exceeded="`unavailable`")
    #: Messages in one transaction, and changes in one frame.
    batch: int = _limit(50, unit="messages", exceeded="the next batch")
    #: Changes of one channel that the server replays to a returning client.
    replay_changes: int = _limit(1000, unit="changes a channel", exceeded="`resync`")
    #: Age of the oldest change that the server replays.
    replay_hours: int = _limit(24, unit="hours a channel", exceeded="`resync`")
    #: Rows of one page of a list.
    page: int = _limit(20, unit="rows", exceeded="the next page")
    #: Rows of one page for programs that ask for more: `?page_size=`.
    page_most: int = _limit(100, unit="rows", exceeded="`invalid`")
    #: Rows of one bulk act of moderation.
    bulk: int = _limit(100, unit="rows", exceeded="`invalid`")
    #: The longest mute or temporary removal: a year. For longer, remove the user without an end, or ban them.
    mute_minutes: int = _limit(525_600, unit="minutes", exceeded="`invalid`")
    #: Users whom one user has blocked: `hello` lists all of them.
    blocks: int = _limit(1_000, unit="a user", exceeded="`invalid`")
    #: Reports of one user, so that nobody can flood the queue. 0 lifts it.
    reports_per_hour: int = _limit(20, unit="an hour a user", exceeded="`rate_limited` + `retry_after`")
    #: Newest messages of a channel that Redis keeps for the next reader.
    recent_messages: int = _limit(100, unit="messages a channel", exceeded="older ones are read from the rows")
    #: How long Redis keeps them for a channel with a message within this time.
    recent_active_seconds: int = _limit(3600, unit="seconds", exceeded="read from the rows")
    #: How long Redis keeps them for any other channel.
    recent_idle_seconds: int = _limit(900, unit="seconds", exceeded="read from the rows")
    #: Unsent bytes of one socket above which typing and presence are dropped.
    outbox_soft_bytes: int = _limit(64 * 1024, unit="bytes a socket", exceeded="typing and presence are dropped")
    #: Unsent bytes of one socket above which it is closed; the client reconnects and resumes by number.
    outbox_bytes: int = _limit(1024 * 1024, unit="bytes a socket", exceeded="close 4001")
    #: The same, counted in frames.
    outbox_frames: int = _limit(1000, unit="frames a socket", exceeded="close 4001")
    #: Unsent bytes of all sockets of one process above which the slowest readers are closed.
    outbox_total_bytes: int = _limit(64 * 1024 * 1024, unit="bytes a process", exceeded="close 4001")
    #: Time between two comparisons of a process's positions with PostgreSQL.
    position_check_seconds: int = _limit(10, unit="seconds", exceeded="–")
    #: The same while Redis carries no announcements.
    position_check_deaf_seconds: int = _limit(2, unit="seconds", exceeded="–")
    #: Time between two checks of the logins of all connected sockets.
    login_check_seconds: int = _limit(30, unit="seconds", exceeded="close 4500")
    #: Time between two writes of delivered and read cursors.
    receipts_seconds: int = _limit(1, unit="seconds", exceeded="–")
    #: How long users count as present after their process's last word: a killed process shows ghosts for no longer.
    present_seconds: int = _limit(75, unit="seconds", exceeded="offline")
    #: Others do not notice when a user reconnects within this time.
    flap_seconds: int = _limit(5, unit="seconds", exceeded="offline")
    #: Time without input on any device after which a user is away; the clients measure it.
    away_seconds: int = _limit(300, unit="seconds", exceeded="away")
    #: How long a user is shown as typing after their client last said so.
    typing_seconds: int = _limit(6, unit="seconds", exceeded="no longer shown")
    #: How often a client repeats that its user is typing.
    typing_again_seconds: int = _limit(3, unit="seconds", exceeded="–")
    #: Time between two pushes of presence, or of typing, in one channel.
    presence_push_seconds: int = _limit(1, unit="seconds a channel", exceeded="the next push")
    #: How often a process writes when its users were last seen.
    presence_write_seconds: int = _limit(60, unit="seconds a process", exceeded="the next statement")
    #: A user's activity text. The database refuses more than 80 characters, so this can only be lowered.
    activity_characters: int = _limit(80, unit="characters", exceeded="`invalid`")
    #: Changes of status or activity by one user. 0 lifts it.
    choices_per_minute: int = _limit(20, unit="a minute a user", exceeded="`rate_limited` + `retry_after`")
    #: How long an answer to a customer, or a waiting customer's message, stays unread before a mail is sent.
    unread_mail_seconds: int = _limit(180, unit="seconds", exceeded="a mail")
    #: How long before an answer is due its agent gets a mail.
    due_soon_seconds: int = _limit(900, unit="seconds", exceeded="a mail")
    #: A customer's mail to the support desk, with its attachments.
    mail_bytes: int = _limit(10 * 1024 * 1024, unit="bytes", exceeded="refused")
    #: Messages that one customer's mail may become, because it may be longer than one message.
    mail_parts: int = _limit(20, unit="messages a mail", exceeded="refused")
    #: How often the server looks into a mailbox for customers' mails.
    mailbox_seconds: int = _limit(30, unit="seconds a mailbox", exceeded="the next look")
    #: Mails that one look collects; if there are more, the next look follows at once.
    mails_a_look: int = _limit(100, unit="mails a look", exceeded="the next look")
    #: How long the counts of each minute are kept, for the staff's page of the operation.
    minutes_hours: int = _limit(48, unit="hours", exceeded="taken away")
    #: How long the daily counts of messages and people are kept.
    figures_days: int = _limit(400, unit="days", exceeded="taken away")
    #: Time from SIGTERM to the end of the process, even if clients do not react.
    drain_seconds: int = _limit(30, unit="seconds", exceeded="the process ends")
    #: If the event loop of a web process takes no turn for so long, while another process's does or there is no other, the parent
    #: kills the process. Longer than any work of ours, shorter than clients wait before they reconnect (`silent_seconds`).
    hung_seconds: int = _limit(30, unit="seconds", exceeded="the process is killed, another is started")
    #: Database connections of one process; fewer if all processes together would exceed `server_connections`.
    pool: int = _limit(20, unit="connections a process", exceeded="`unavailable`")
    #: The longest wait for a free connection. A request, or a command of a socket, waits in vain once; then it is refused.
    pool_wait_seconds: int = _limit(3, unit="seconds", exceeded="`unavailable`")
    #: One SQL statement. Clients' work waits a second longer for the answer; then PostgreSQL counts as away.
    statement_seconds: int = _limit(5, unit="seconds", exceeded="`unavailable`")
    #: The longest wait for a row lock; shorter than `commit_seconds`, so that a locked row does not look like a missing database.
    lock_seconds: int = _limit(2, unit="seconds", exceeded="`unavailable`")
    #: The longest wait of a migration for a lock: writers queue behind it meanwhile, so it gives up soon.
    migration_lock_seconds: int = _limit(5, unit="seconds", exceeded="the migration gives up, and says who holds it")
    #: An idle transaction, for example of a stopped web process; others wait for its locks.
    idle_in_transaction_seconds: int = _limit(15, unit="seconds", exceeded="cut off, undone")
    #: An unused database connection.
    idle_seconds: int = _limit(30, unit="seconds", exceeded="closed")
    #: Connections that the PostgreSQL server accepts.
    server_connections: int = _limit(50, unit="connections", exceeded="a system check says so")
