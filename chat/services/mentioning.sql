-- Whom a message calls, as it is sent; null for nobody. `names`: of each word the usernames that it may be, in the order in
-- which they are tried. `everyone_within`: of how many members a channel is in which it calls everybody; null: it does not.
CREATE OR REPLACE FUNCTION mentions_of(channel bigint, names jsonb, everyone_within integer) RETURNS jsonb
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    SELECT CASE WHEN found.users IS NOT NULL OR called.everyone THEN
        jsonb_build_object('users', COALESCE(found.users, '[]'), 'everyone', called.everyone)
    END
    FROM (
        SELECT jsonb_agg(user_id ORDER BY place) AS users FROM (
            SELECT user_id, min(place) AS place FROM (
                SELECT DISTINCT ON (word.place) word.place, member.user_id
                FROM jsonb_array_elements(names) WITH ORDINALITY AS word (meant, place)
                CROSS JOIN jsonb_array_elements_text(word.meant) WITH ORDINALITY AS name (username, rank)
                JOIN users AS person ON lower(person.username) = name.username
                JOIN channel_members AS member ON member.channel_id = channel AND member.user_id = person.id
                ORDER BY word.place, name.rank
            ) AS named GROUP BY user_id
        ) AS once
    ) AS found CROSS JOIN (
        SELECT COALESCE(member_count <= everyone_within, false) AS everyone FROM channels WHERE id = channel
    ) AS called
$$;
