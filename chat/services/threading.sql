-- What replies do to the roots of their threads, and who follows them from then on. Called by posting.sql, which holds the
-- locks of their channels, and only where a draft is a reply.

-- The facts of drafts, as posting.sql has them; of a reply also what it takes for the root of its thread.
CREATE OR REPLACE FUNCTION with_roots(facts jsonb, drafts jsonb) RETURNS jsonb
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    SELECT jsonb_agg(CASE WHEN draft.thread_id IS NULL THEN draft.fact ELSE
        draft.fact || jsonb_build_object('root', CASE
            WHEN root.channel_id IS DISTINCT FROM draft.channel_id THEN 'absent'
            WHEN root.kind <> 'text' THEN 'system'
            WHEN root.thread_id IS NOT NULL THEN 'reply'
            WHEN root.deleted_at IS NOT NULL THEN 'deleted'
            ELSE 'root'
        END)
    END ORDER BY draft.place)
    FROM ROWS FROM (
        jsonb_array_elements(facts), jsonb_to_recordset(drafts) AS (channel bigint, thread bigint)
    ) WITH ORDINALITY AS draft (fact, channel_id, thread_id, place)
    LEFT JOIN messages AS root ON root.id = draft.thread_id
$$;

-- Who wrote in a thread last: three at most, the newest first. Of so many newest replies, so that it costs the same in every thread.
CREATE OR REPLACE FUNCTION latest_repliers(root bigint) RETURNS jsonb
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT jsonb_agg(sender_id ORDER BY newest DESC) FROM (
        SELECT sender_id, max(seq) AS newest FROM (
            SELECT sender_id, seq FROM messages WHERE thread_id = root AND deleted_at IS NULL ORDER BY seq DESC LIMIT 20
        ) AS latest GROUP BY sender_id ORDER BY newest DESC LIMIT 3
    ) AS few
$$;

-- `posted`: [id, channel, seq, files?, mentions?] of new messages. Each reply's root takes the number after its last reply's, and is
-- returned beside that reply, as a sixth: its row as it is now, with the names of who wrote it.
CREATE OR REPLACE FUNCTION move_roots(posted jsonb) RETURNS jsonb
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    replies bigint[];
    moved jsonb;
BEGIN
    SELECT array_agg(message.id) INTO replies
    FROM jsonb_array_elements(posted) AS one JOIN messages AS message ON message.id = (one ->> 0)::bigint
    WHERE message.thread_id IS NOT NULL;

    IF replies IS NULL THEN
        RETURN posted;
    END IF;

    -- A user who writes follows the thread, also again, and has seen the replies before.
    INSERT INTO thread_followers AS known (root_id, user_id, read_seq)
    SELECT thread_id, sender_id, min(seq) FROM messages WHERE id = ANY (replies) GROUP BY thread_id, sender_id
    ON CONFLICT (root_id, user_id) DO UPDATE SET is_following = true WHERE NOT known.is_following;

    -- So do, unless they have stopped, the root's author, and who is mentioned there or in a reply.
    INSERT INTO thread_followers (root_id, user_id, read_seq)
    SELECT root_id, user_id, min(seen) FROM (
        SELECT root.id AS root_id, root.sender_id AS user_id, root.seq AS seen
        FROM messages AS reply JOIN messages AS root ON root.id = reply.thread_id WHERE reply.id = ANY (replies)
        UNION ALL
        SELECT root.id, mentioned::bigint, root.seq
        FROM messages AS reply JOIN messages AS root ON root.id = reply.thread_id,
            jsonb_array_elements_text(root.mentions -> 'users') AS mentioned
        WHERE reply.id = ANY (replies)
        UNION ALL
        SELECT reply.thread_id, mentioned::bigint, reply.seq - 1
        FROM messages AS reply, jsonb_array_elements_text(reply.mentions -> 'users') AS mentioned
        WHERE reply.id = ANY (replies)
    ) AS concerned GROUP BY root_id, user_id
    ON CONFLICT (root_id, user_id) DO NOTHING;

    WITH said AS (
        SELECT thread_id, count(*) AS more, max(seq) AS last_seq, max(created_at) AS last_at
        FROM messages WHERE id = ANY (replies) GROUP BY thread_id
    ), root AS (
        UPDATE messages AS root SET
            reply_count = root.reply_count + said.more,
            last_reply_seq = said.last_seq,
            last_reply_at = said.last_at,
            repliers = latest_repliers(root.id),
            rev = said.last_seq + 1,
            changed_at = said.last_at
        FROM said WHERE root.id = said.thread_id
        RETURNING root.*
    )
    SELECT jsonb_agg(CASE WHEN root.id IS NULL THEN one ELSE jsonb_build_array(
        one -> 0, one -> 1, one -> 2, COALESCE(one -> 3, '[]'), one -> 4,
        to_jsonb(root) - 'folded' - 'said_digest'
        || jsonb_build_object('username', author.username, 'display_name', author.display_name)
    ) END) INTO moved
    FROM jsonb_array_elements(posted) AS one
    LEFT JOIN root ON root.channel_id = (one ->> 1)::bigint AND root.last_reply_seq = (one ->> 2)::bigint
    LEFT JOIN users AS author ON author.id = root.sender_id;
    RETURN moved;
END
$$;
