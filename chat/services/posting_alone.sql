-- The same as posting.sql for one draft that comes alone, as most do, where nothing more has to be looked at: words, without a
-- thread, files or calls, of somebody in good standing, in no conversation with the support. Each statement looks at one thing
-- by its key: joined, or with an array of drafts, PostgreSQL uses most of its time on getting ready.
--
-- `believed_…`: what the rules looked at. Returns what posting.sql returns as `posted`; null when something is not as it was
-- believed, or the draft was posted before: nothing is written, and posting.sql is to say what it is.
--
-- A change of this needs a migration that runs it again, and another name if its arguments change: processes of
-- two releases call it at the same time.
CREATE OR REPLACE FUNCTION post_alone(
    into_channel bigint, from_sender bigint, with_key uuid, said text, answers bigint, digest bytea,
    believed_kind text, believed_role text, believed_username text, believed_display_name text, posted_at timestamptz
) RETURNS text LANGUAGE plpgsql
-- Plans are kept: one that was made while the tables were small must do when they are large. Each connection makes them once, with
-- its first message: else it would plan each statement for the values of its first five messages.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    number bigint;
    message bigint;
BEGIN
    -- The lock first: each statement after it sees whatever was committed by who held it before.
    SELECT head + 1 INTO number FROM channels
    WHERE id = into_channel AND kind = believed_kind AND archived_at IS NULL AND NOT is_support FOR NO KEY UPDATE;
    IF NOT found THEN
        RETURN NULL;
    END IF;

    PERFORM FROM channel_members WHERE channel_id = into_channel AND user_id = from_sender AND role = believed_role;
    IF NOT found THEN
        RETURN NULL;
    END IF;

    PERFORM FROM users
    WHERE id = from_sender AND is_active AND username = believed_username AND display_name = believed_display_name;
    IF NOT found THEN
        RETURN NULL;
    END IF;

    PERFORM FROM channel_sanctions WHERE channel_id = into_channel AND user_id = from_sender AND kind = 'mute';
    IF found THEN
        RETURN NULL;
    END IF;

    PERFORM FROM messages WHERE sender_id = from_sender AND client_msg_id = with_key;
    IF found THEN
        RETURN NULL;
    END IF;

    IF answers IS NOT NULL THEN
        PERFORM FROM messages WHERE id = answers AND channel_id = into_channel;
        IF NOT found THEN
            RETURN NULL;
        END IF;
    END IF;

    -- A block stands between the sender and everybody else in this direct conversation.
    IF believed_kind = 'direct' THEN
        PERFORM FROM channel_members AS other WHERE other.channel_id = into_channel AND other.user_id <> from_sender
        HAVING bool_and(EXISTS (
            SELECT FROM blocks WHERE (blocker_id, blocked_id)
                IN ((from_sender, other.user_id), (other.user_id, from_sender))
        ));
        IF found THEN
            RETURN NULL;
        END IF;
    END IF;

    INSERT INTO messages
        (client_msg_id, channel_id, sender_id, body, kind, seq, rev, reply_to_id, said_digest, status, created_at)
    VALUES (with_key, into_channel, from_sender, said, 'text', number, number, answers, digest, 'sent', posted_at)
    RETURNING id INTO message;
    UPDATE channels SET head = number WHERE id = into_channel;
    RETURN format('[[%s,%s,%s]]', message, into_channel, number);
END
$$;
