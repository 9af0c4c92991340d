-- The trace (W3C traceparent) that an erasure belongs to: from the webhook to the tombstone it is one.
alter table compliance.cases add column cause text;
