-- The files of what is posted. Called by posting.sql, which holds the channels' locks; a file is locked after them.

CREATE OR REPLACE FUNCTION lock_files(drafts jsonb) RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT id FROM files WHERE id IN (
        SELECT file::bigint FROM jsonb_array_elements(drafts) AS draft
        CROSS JOIN LATERAL jsonb_array_elements_text(draft -> 'files') AS file
    ) ORDER BY id FOR NO KEY UPDATE
$$;

-- The facts of drafts, as posting.sql has them, with what stands against the files of a draft, where something does: one is not
-- there for its sender, or not whole, or another message has it. What was posted before has them by right.
CREATE OR REPLACE FUNCTION with_files(facts jsonb, drafts jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(draft.fact || jsonb_strip_nulls(jsonb_build_object('files', (
        SELECT CASE
            WHEN bool_or(file.id IS NULL) THEN 'missing'
            WHEN bool_or(file.taken_at IS NOT NULL) THEN 'taken'
            WHEN bool_or(file.whole_at IS NULL) THEN 'unfinished'
        END
        FROM jsonb_array_elements_text(draft.files) AS asked
        LEFT JOIN files AS file ON file.id = asked::bigint AND file.uploader_id = draft.sender_id
            -- Of a file whose message is gone nobody is told that it was there.
            AND (file.taken_at IS NULL OR file.message_id IS NOT NULL)
        WHERE draft.fact ->> 'earlier' IS NULL
    ))) ORDER BY draft.place)
    FROM ROWS FROM (jsonb_array_elements(facts), jsonb_to_recordset(drafts) AS (sender bigint, files jsonb))
        WITH ORDINALITY AS draft (fact, sender_id, files, place)
$$;

-- As chat/shapes/message.py has them, in the order in which they were named.
CREATE OR REPLACE FUNCTION spelled_files(asked jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'id', file.id,
        'name', file.name,
        'size', file.size,
        'type', file.type,
        'url', '/files/' || file.id || '/',
        'width', file.width,
        'height', file.height,
        'preview', CASE WHEN file.has_preview THEN '/files/' || file.id || '/preview/' END
    )) ORDER BY one.place)
    FROM jsonb_array_elements_text(asked) WITH ORDINALITY AS one (id, place) JOIN files AS file ON file.id = one.id::bigint
$$;

-- `posted`: messages as post_drafts returns them.
CREATE OR REPLACE FUNCTION take_files(posted jsonb, taken timestamptz) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE files SET message_id = (one ->> 0)::bigint, taken_at = taken
    FROM jsonb_array_elements(posted) AS one CROSS JOIN LATERAL jsonb_array_elements(one -> 3) AS file
    WHERE files.id = (file ->> 'id')::bigint
$$;
