-- name: use_uploads(account_id, fingerprints)
-- What was uploaded, or lately refused (then without an id); it is in use from now on.
update dispatcher.uploads set used_at = clock_timestamp()
where account_id = :account_id and fingerprint = any(:fingerprints::bytea[])
    and (attachment_id is not null or uploaded_at > clock_timestamp() - interval '10 minutes')
returning fingerprint, attachment_id;

-- name: note_upload(attachment_id, account_id, fingerprint)!
insert into dispatcher.uploads as u (account_id, fingerprint, attachment_id)
values (:account_id, :fingerprint, :attachment_id::text)
on conflict (account_id, fingerprint) do update set
    attachment_id = excluded.attachment_id, uploaded_at = clock_timestamp(), used_at = clock_timestamp();

-- name: forget_uploads(account_id, fingerprints)
-- The platform does not know them any more; one that is a minute old cannot have been forgotten.
delete from dispatcher.uploads
where account_id = :account_id and fingerprint = any(:fingerprints::bytea[])
    and uploaded_at < clock_timestamp() - interval '1 minute'
returning fingerprint;

-- name: forget_unused_uploads()!
delete from dispatcher.uploads where used_at < now() - interval '90 days';

-- name: erase_uploads(account_id)!
delete from dispatcher.uploads where account_id = :account_id;
