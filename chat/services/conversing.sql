-- What a message does to the conversation with the support that it is said in: whether the customer waits, who answered, how
-- long it is held, and what the desk's log hears of it. Called by posting.sql, which holds the conversations' locks.

-- As delivery/wire/types.py spells it.
CREATE OR REPLACE FUNCTION spelled_time(moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The queue facts of a conversation, as every event of a desk has them: a list can be kept from the log alone.
CREATE OR REPLACE FUNCTION queue_facts(conversation bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'conversation', channel_id,
        'episode', episode,
        'state', state,
        'assignee', assignee_id,
        'lease_until', spelled_time(lease_until),
        'waiting_since', spelled_time(waiting_since),
        'snoozed_until', spelled_time(snoozed_until)
    ) FROM conversations WHERE channel_id = conversation
$$;

-- What customers of that desk read for somebody of the staff: the name that the desk has given them, else their display name, but
-- never the name with which they sign in. Empty for the server's own account, which speaks under its own.
CREATE OR REPLACE FUNCTION public_name(desk bigint, person bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT CASE users.kind WHEN 'system' THEN '' ELSE COALESCE(
        NULLIF(seat.public_name, ''), NULLIF(NULLIF(users.display_name, ''), users.username), 'Support'
    ) END FROM users LEFT JOIN channel_members AS seat ON seat.channel_id = desk AND seat.user_id = users.id
    WHERE users.id = person);
END
$$;

-- The facts of drafts, as posting.sql has them, with those of conversations: on which side of it the sender is, whether it is
-- over, and the number since which somebody else of the staff has answered whom this one of them has not seen.
CREATE OR REPLACE FUNCTION with_conversations(facts jsonb, drafts jsonb, posted_at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    SELECT jsonb_agg(CASE WHEN talk.channel_id IS NULL THEN draft.fact ELSE
        draft.fact
        || jsonb_build_object('standing', draft.fact -> 'standing' || jsonb_build_object(
            'side', CASE talk.visitor_id WHEN draft.sender_id THEN 'visitor' ELSE 'staff' END
        ))
        || jsonb_strip_nulls(jsonb_build_object(
            'is_over', CASE WHEN talk.state = 'resolved' AND COALESCE(talk.reopens_until < posted_at, true) THEN true END,
            'overtaken_since', CASE WHEN talk.answered_seq > seen.seq AND talk.visitor_id <> draft.sender_id AND EXISTS (
                SELECT FROM messages AS missed
                WHERE missed.channel_id = talk.channel_id AND missed.seq > seen.seq AND missed.kind = 'text'
                    AND missed.sender_id NOT IN (draft.sender_id, talk.visitor_id)
            ) THEN seen.seq END
        ))
    END ORDER BY draft.place)
    FROM ROWS FROM (
        jsonb_array_elements(facts), jsonb_to_recordset(drafts) AS (channel bigint, sender bigint, seen_seq bigint)
    ) WITH ORDINALITY AS draft (fact, channel_id, sender_id, seen_seq, place)
    LEFT JOIN conversations AS talk ON talk.channel_id = draft.channel_id
    LEFT JOIN channels AS channel ON channel.id = talk.channel_id
    LEFT JOIN channel_members AS member ON member.channel_id = talk.channel_id AND member.user_id = draft.sender_id
    CROSS JOIN LATERAL (SELECT LEAST(COALESCE(draft.seen_seq, member.read_seq), channel.head) AS seq) AS seen
$$;

-- `posted`: [id, channel, seq] of new messages. Returns the system messages that they led to: one in the desk's log where a
-- queue fact changed (the first message that waits, the answer to it), one in the conversation that a customer opens again.
CREATE OR REPLACE FUNCTION move_conversations(posted jsonb, moved_at timestamptz) RETURNS jsonb
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    said record;
    talk record;
    event text;
    lines jsonb := '[]';
BEGIN
    FOR said IN
        SELECT message.channel_id, message.seq, message.sender_id,
            COALESCE(NULLIF(sender.display_name, ''), sender.username) AS name
        FROM jsonb_array_elements(posted) AS one JOIN messages AS message ON message.id = (one ->> 0)::bigint
        JOIN users AS sender ON sender.id = message.sender_id ORDER BY message.channel_id, message.seq
    LOOP
        SELECT conversations.*, COALESCE(NULLIF(display_name, ''), username) AS customer INTO talk
        FROM conversations JOIN users ON users.id = visitor_id WHERE channel_id = said.channel_id;
        CONTINUE WHEN talk.channel_id IS NULL;

        IF said.sender_id = talk.visitor_id THEN
            CONTINUE WHEN talk.waiting_since IS NOT NULL;
            event := CASE talk.state WHEN 'resolved' THEN 'reopened' ELSE 'waiting' END;
            UPDATE conversations SET
                state = 'open',
                episode = episode + CASE state WHEN 'resolved' THEN 1 ELSE 0 END,
                waiting_since = COALESCE(waited_since, moved_at),
                waited_since = NULL,
                lease_until = CASE WHEN assignee_id IS NULL THEN NULL
                    ELSE clock_timestamp() + lease_seconds * interval '1 second' END,
                former_snooze = COALESCE(snoozed_until, former_snooze),
                snoozed_until = NULL,
                resolved_at = NULL,
                reopens_until = NULL
            WHERE channel_id = talk.channel_id;
            IF event = 'reopened' THEN
                UPDATE channel_members SET listed_until = NULL, version = version + 1
                WHERE channel_id IN (talk.channel_id, talk.notes_id) AND listed_until IS NOT NULL;
                lines := lines || jsonb_build_object(
                    'channel', talk.channel_id,
                    'sender', said.sender_id,
                    'body', 'The conversation is open again',
                    'event', jsonb_build_object('type', 'conversation.reopened')
                );
            END IF;
        ELSE
            event := 'answered';
            UPDATE conversations SET
                answered_seq = said.seq,
                answered_by_id = said.sender_id,
                waiting_since = NULL,
                waited_since = NULL,
                lease_until = CASE WHEN assignee_id = said.sender_id
                    THEN clock_timestamp() + lease_seconds * interval '1 second' ELSE lease_until END
            WHERE channel_id = talk.channel_id;
            CONTINUE WHEN talk.waiting_since IS NULL;
        END IF;

        lines := lines || jsonb_build_object(
            'channel', talk.desk_id,
            'sender', said.sender_id,
            'body', CASE event
                WHEN 'waiting' THEN said.name || ' waits for an answer'
                WHEN 'reopened' THEN said.name || ' wrote again: the conversation is open'
                ELSE said.name || ' answered ' || talk.customer
            END,
            'event', jsonb_build_object('type', 'conversation.' || event, 'by', said.sender_id)
                || queue_facts(talk.channel_id)
                || jsonb_strip_nulls(jsonb_build_object('since', spelled_time(talk.waiting_since)))
        );
    END LOOP;
    RETURN write_lines(lines, moved_at);
END
$$;

-- System messages, each with the next number of its channel: conversations' first, whose locks are held; then desks', which
-- are locked here, last and in the order of their ids. Returns them with what the database gave them.
CREATE OR REPLACE FUNCTION write_lines(lines jsonb, moved_at timestamptz) RETURNS jsonb
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    written jsonb;
BEGIN
    PERFORM id FROM channels WHERE id IN (SELECT (line ->> 'channel')::bigint FROM jsonb_array_elements(lines) AS line)
    ORDER BY kind = 'desk', id FOR NO KEY UPDATE;

    WITH line AS (
        SELECT given.*, channel.head + row_number() OVER (PARTITION BY channel.id ORDER BY given.place) AS seq
        FROM ROWS FROM (jsonb_to_recordset(lines) AS (channel bigint, sender bigint, body text, event jsonb))
            WITH ORDINALITY AS given (channel_id, sender_id, body, event, place)
        JOIN channels AS channel ON channel.id = given.channel_id
    ), inserted AS (
        INSERT INTO messages (client_msg_id, channel_id, sender_id, body, kind, event, seq, rev, status, created_at)
        SELECT gen_random_uuid(), channel_id, sender_id, body, 'system', event, seq, seq, 'sent', moved_at FROM line
        RETURNING id, channel_id, sender_id, seq, client_msg_id, body, event
    ), moved AS (
        UPDATE channels SET head = newest.seq
        FROM (SELECT channel_id, max(seq) AS seq FROM line GROUP BY channel_id) AS newest
        WHERE channels.id = newest.channel_id
    )
    SELECT jsonb_agg(to_jsonb(inserted) ORDER BY channel_id, seq) INTO written FROM inserted;
    RETURN written;
END
$$;
