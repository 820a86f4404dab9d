-- Tables that every service has: what it sent, what it heard, what it must do later, what it was asked twice.

-- Events that wait to be sent, in the order of their ids. `record_events` is the only way in.
create table outbox (
    id bigint generated always as identity (cache 1),  -- a larger cache hands out ids that do not follow commit order
    event_id uuid not null,
    topic text not null,
    key text not null,
    body bytea not null,
    recorded_at timestamptz not null default clock_timestamp(),
    constraint outbox_pkey primary key (id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- What the broker has acknowledged, by the day it did. Kept so that an emptied broker can be filled again.
-- No index: it is written at the speed of the relay and read only as a whole day.
create table outbox_sent (
    sent_on date not null,
    id bigint not null,
    event_id uuid not null,
    topic text not null,
    key text not null,
    body bytea not null,
    recorded_at timestamptz not null
) partition by range (sent_on);

create table outbox_sent_default partition of outbox_sent default;

-- Records events in the running transaction. The locks of their keys are held until it ends, so that ids of one key
-- are handed out in commit order; they are taken in one order, so that two callers cannot block each other. Keys share
-- 2048 locks, because the server's table of locks is small and one transaction may have events of very many keys.
create function record_events(event_ids uuid[], topics text[], keys text[], bodies bytea[]) returns void
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(1685024117, lock)
        from (select distinct hashtext(key) & 2047 as lock from unnest(keys) as key order by 1) as locks;
    -- The relay forgets ids below which no transaction is left: so the transaction must show before it takes an id.
    perform pg_current_xact_id();
    insert into outbox (event_id, topic, key, body)
        select event.* from unnest(event_ids, topics, keys, bodies) as event;
end
$$;

-- Makes the partitions of the given day and of the next `ahead` days, and drops those before `keep_from`.
-- Runs as the owner, because the run-time role may not change tables.
create function maintain_outbox_sent(today date, ahead integer, keep_from date) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    day date;
    old text;
begin
    for day in select today + n from generate_series(0, ahead) as n loop
        if to_regclass(format('outbox_sent_%s', to_char(day, 'YYYYMMDD'))) is null
            and not exists (select from outbox_sent_default where sent_on = day)
        then
            execute format(
                'create table outbox_sent_%s partition of outbox_sent for values from (%L) to (%L)',
                to_char(day, 'YYYYMMDD'), day, day + 1
            );
        end if;
    end loop;
    for old in
        select child.relname
        from pg_inherits join pg_class as child on child.oid = inhrelid
        where inhparent = 'outbox_sent'::regclass
            and child.relname ~ '^outbox_sent_\d{8}$'
            and to_date(right(child.relname, 8), 'YYYYMMDD') < keep_from
    loop
        execute format('drop table %I', old);
    end loop;
    delete from outbox_sent_default where sent_on < keep_from;
end
$$;

-- Events that took effect here, by consumer group. Ids are UUIDv7, so that new rows stand together.
create table inbox (
    event_id uuid not null,
    consumer text not null,
    constraint inbox_pkey primary key (event_id, consumer)
);

-- Events that were given up, with the reason. A row stays until the event is replayed and handled.
create table dead_letter (
    id bigint generated always as identity primary key,
    consumer text not null,
    topic text not null,
    partition integer not null,
    broker_offset bigint not null,
    event_id uuid,  -- null: the message was no event
    event_type text,
    key bytea,
    body bytea,
    error_class text not null,
    error_code text not null,
    died_at timestamptz not null default now(),
    replayed_at timestamptz,
    resolved_at timestamptz
);
create unique index dead_letter_event on dead_letter (consumer, event_id);
create index dead_letter_open on dead_letter (consumer, key) where resolved_at is null;

-- What must be done at or after `due_at` of business time. Leases and pauses after a failure are in real time.
create table deadline (
    kind text not null,
    subject text not null,
    due_at timestamptz not null,
    payload jsonb not null default '{}',
    attempt integer not null default 0,
    lease uuid,
    blocked_until timestamptz,  -- while leased: end of the lease; after a failure: not before
    last_error text,
    traceparent text,
    causation_id uuid,
    constraint deadline_pkey primary key (kind, subject)
);
create index deadline_due on deadline (due_at);

grant select, insert, delete on outbox to {app};
grant select, insert on outbox_sent to {app};
grant usage on sequence outbox_id_seq to {app};
grant execute on function record_events, maintain_outbox_sent to {app};
revoke execute on function maintain_outbox_sent from public;
grant select, insert, delete on inbox to {app};
grant select, insert, update, delete on dead_letter to {app};
grant select, insert, update, delete on deadline to {app};

-- Writes that callers may send again, with the first answer.
create table idempotency (
    owner text not null,  -- client and subject: whose key it is
    key text not null,
    body_digest text not null,
    answer jsonb not null,
    kept_at timestamptz not null default now(),
    constraint idempotency_pkey primary key (owner, key)
);
create index idempotency_kept_at on idempotency (kept_at);
grant select, insert, delete on idempotency to {app};

-- What was answered under a key, if anything. Who else comes with that key waits until this transaction ends. In a
-- function each statement has a snapshot of its own: the second one sees what was kept while the first one waited.
create function claim_key(claimed_owner text, claimed_key text) returns table (body_digest text, answer text)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(claimed_owner || claimed_key, 0));
    return query select kept.body_digest, kept.answer::text from idempotency as kept
        where kept.owner = claimed_owner and kept.key = claimed_key;
end
$$;
grant execute on function claim_key to {app};
