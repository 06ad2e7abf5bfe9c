-- A batch of drafts in one round trip and one transaction. The rules are those of chat/services/posting.py, which calls this;
-- here is only what has to happen under the locks. An array has one element for each draft, in the order of the drafts.
--
-- `believed`: what the rules looked at when they chose the drafts that are fresh. `actual`: the same as it is.
-- `posted`: [id, channel, seq] of each fresh draft; where it has files or calls somebody, these too (filing.sql, mentioning.sql);
-- null when none is, or something is not as it was believed: nothing is written.
-- A reply in a thread takes two numbers, its own and then its root's: threading.sql adds the root to the last reply of each.
-- `lines`: what that did to conversations with the support, as conversing.sql has it; null where none of the channels is one.
--
-- A change of this needs a migration that runs it again, and another name if its arguments change: processes of
-- two releases call it at the same time.
CREATE OR REPLACE FUNCTION post_drafts(
    channel_ids bigint[], drafts jsonb, believed jsonb, posted_at timestamptz,
    OUT actual jsonb, OUT posted jsonb, OUT lines jsonb
) LANGUAGE plpgsql
-- Plans are kept: one that was made while the tables were small must do when they are large. Each connection makes them once.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    has_conversations boolean;
    has_files boolean := drafts @? '$[*].files';
    has_replies boolean;
BEGIN
    -- The locks first, in the order of the ids, so that two batches can't lock each other out. The next statement has a
    -- snapshot of its own: it sees whatever was committed by those who held the locks before. A desk is not locked: nobody
    -- posts there, and a transaction that holds one locks no conversation.
    PERFORM id FROM channels WHERE id = ANY (channel_ids) AND kind <> 'desk' ORDER BY id FOR NO KEY UPDATE;
    IF has_files THEN
        PERFORM lock_files(drafts);
    END IF;

    SELECT jsonb_agg(jsonb_build_object(
        'standing', jsonb_build_object(
            'kind', channel.kind,
            'is_archived', channel.archived_at IS NOT NULL,
            'role', member.role,
            'muted_until', mute.until,
            -- A block stands between the sender and everybody else in this direct conversation.
            'is_blocked', CASE WHEN channel.kind = 'direct' THEN COALESCE((
                SELECT bool_and(EXISTS (
                    SELECT FROM blocks WHERE (blocker_id, blocked_id)
                        IN ((member.user_id, other.user_id), (other.user_id, member.user_id))
                )) FROM channel_members AS other
                WHERE other.channel_id = member.channel_id AND other.user_id <> member.user_id
            ), false) ELSE false END,
            'is_active', sender.is_active,
            'username', sender.username,
            'display_name', sender.display_name
        ),
        'earlier', earlier.id,
        'answered', answered.channel_id
    ) ORDER BY draft.place), bool_or(channel.is_support), bool_or(draft.thread_id IS NOT NULL)
    INTO actual, has_conversations, has_replies
    FROM ROWS FROM (
        jsonb_to_recordset(drafts) AS (channel bigint, sender bigint, client_msg_id uuid, reply_to bigint, thread bigint)
    ) WITH ORDINALITY AS draft (channel_id, sender_id, client_msg_id, reply_to_id, thread_id, place)
    LEFT JOIN channels AS channel ON channel.id = draft.channel_id
    LEFT JOIN channel_members AS member ON member.channel_id = draft.channel_id AND member.user_id = draft.sender_id
    LEFT JOIN users AS sender ON sender.id = member.user_id
    LEFT JOIN channel_sanctions AS mute
        ON mute.channel_id = member.channel_id AND mute.user_id = member.user_id AND mute.kind = 'mute'
    LEFT JOIN messages AS earlier
        ON earlier.sender_id = draft.sender_id AND earlier.client_msg_id = draft.client_msg_id
    LEFT JOIN messages AS answered ON answered.id = draft.reply_to_id;

    IF has_conversations THEN
        actual := with_conversations(actual, drafts, posted_at);
    END IF;
    IF has_files THEN
        actual := with_files(actual, drafts);
    END IF;

    IF has_replies THEN
        actual := with_roots(actual, drafts);
    END IF;

    IF actual IS DISTINCT FROM believed THEN
        RETURN;
    END IF;

    WITH fresh AS (
        SELECT draft.*, channel.head
                + sum(1 + (thread_id IS NOT NULL)::int) OVER (PARTITION BY channel.id ORDER BY draft.place)
                - (thread_id IS NOT NULL)::int AS seq,
            CASE WHEN has_conversations THEN COALESCE((
                SELECT public_name(talk.desk_id, draft.sender_id) FROM conversations AS talk
                WHERE talk.channel_id = draft.channel_id AND talk.visitor_id <> draft.sender_id
            ), '') ELSE '' END AS said_as
        FROM ROWS FROM (jsonb_to_recordset(drafts) AS (
            channel bigint, sender bigint, client_msg_id uuid, body text, reply_to bigint, thread bigint,
            also_in_channel boolean, said_digest text, is_fresh boolean, files jsonb, names jsonb, everyone_within integer
        )) WITH ORDINALITY AS draft (
            channel_id, sender_id, client_msg_id, body, reply_to_id, thread_id,
            also_in_channel, said_digest, is_fresh, files, names, everyone_within, place
        ) JOIN channels AS channel ON channel.id = draft.channel_id
        WHERE draft.is_fresh
    ), inserted AS (
        INSERT INTO messages
            (client_msg_id, channel_id, sender_id, body, kind, seq, rev, reply_to_id, thread_id, also_in_channel,
            said_digest, said_as, status, created_at, files, mentions)
        SELECT client_msg_id, channel_id, sender_id, body, 'text', seq, seq, reply_to_id, thread_id,
            COALESCE(also_in_channel, false), decode(said_digest, 'hex'), said_as, 'sent', posted_at,
            CASE WHEN files IS NOT NULL THEN spelled_files(files) END,
            CASE WHEN names IS NOT NULL THEN mentions_of(channel_id, names, everyone_within) END
        FROM fresh ORDER BY place
        RETURNING id, channel_id, seq, sender_id, files, mentions
    ), called AS (
        INSERT INTO message_mentions (message_id, user_id, channel_id, seq, sender_id)
        SELECT said.id, member.user_id, said.channel_id, said.seq, said.sender_id
        FROM inserted AS said JOIN channel_members AS member ON member.channel_id = said.channel_id
        WHERE said.mentions IS NOT NULL AND member.user_id <> said.sender_id
            AND ((said.mentions -> 'everyone')::boolean OR said.mentions -> 'users' @> to_jsonb(member.user_id))
    ), moved AS (
        UPDATE channels SET head = newest.seq
        FROM (
            SELECT channel_id, max(seq + (thread_id IS NOT NULL)::int) AS seq FROM fresh GROUP BY channel_id
        ) AS newest
        WHERE channels.id = newest.channel_id
    )
    SELECT jsonb_agg(
        jsonb_build_array(id, channel_id, seq) || CASE
            WHEN files IS NULL AND mentions IS NULL THEN '[]' ELSE jsonb_build_array(COALESCE(files, '[]'), mentions)
        END
    ) INTO posted FROM inserted;

    IF has_files AND posted IS NOT NULL THEN
        PERFORM take_files(posted, posted_at);
    END IF;

    IF has_replies AND posted IS NOT NULL THEN
        posted := move_roots(posted);
    END IF;

    IF has_conversations AND posted IS NOT NULL THEN
        lines := move_conversations(posted, posted_at);
    END IF;
END
$$;
