-- What every service has: who asks, what it sent, what it heard, what it must do later, what it was asked twice.

-- The seal (decision 18). Policies of row-level security ask `caller_scope()` and its sisters, and these believe only
-- what the service itself has said: a context under a seal that is made with a key of `seal_key`, which no run-time
-- role can read. SQL of anybody else, run in a transaction of the service, can neither make a seal nor use one again.

-- The two pads of HMAC-SHA-256, so that core functions can do it. A change of keys: two rows for a while.
create table seal_key (
    key_id text not null,
    inner_pad bytea not null,
    outer_pad bytea not null,
    constraint seal_key_pkey primary key (key_id),
    constraint seal_key_pads check (length(inner_pad) = 64 and length(outer_pad) = 64)
);

-- What this session remembers, and only functions of the owner can read or change: the last value of a sequence in a
-- session (currval) is the one memory of PostgreSQL that is both. Settings and session locks are anybody's, and a table
-- would be written in each transaction. Nobody draws numbers from them. `discard sequences` forgets all three, and then
-- no seal fits until the session is opened anew, with a secret that no seal was made with.
create unlogged sequence seal_secret_1 minvalue -9223372036854775808;
create unlogged sequence seal_secret_2 minvalue -9223372036854775808;
create unlogged sequence seal_number minvalue 0;  -- of the seal that counts now; it only rises

-- Begins the session's memory. Returns what the holder of the key, and nobody else, makes the session's secret from.
create function open_session(key text) returns bytea
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    nonce bytea := uuid_send(gen_random_uuid());
    secret bytea;
begin
    select sha256(outer_pad || sha256(inner_pad || nonce)) into secret from public.seal_key where key_id = key;
    if not found then
        raise exception 'this database knows no seal key %', key using errcode = 'invalid_authorization_specification';
    end if;
    perform setval('public.seal_secret_1', substr(secret, 1, 8)::bigint);
    perform setval('public.seal_secret_2', substr(secret, 9, 8)::bigint);
    perform setval('public.seal_number', 0);
    return nonce;
end
$$;

-- From now on the seal of this number counts, and none of an earlier one ever again. Whoever calls it with a number of
-- his own choosing only makes the session useless.
create function use_seal(number bigint) returns bigint
volatile security definer
return setval('seal_number', greatest(number, currval('seal_number')));

-- A digest with a secret in front, of which half is kept back: so nobody can go on from it to that of a longer text.
create function session_seal(context text) returns text
return encode(substr(sha512(
    int8send(currval('seal_secret_1')) || int8send(currval('seal_secret_2'))
    || convert_to(currval('seal_number') || ':' || context, 'UTF8')
), 1, 32), 'hex');

create function refuse_seal() returns text[]
language plpgsql as $$
begin
    raise exception 'the seal does not fit this context, session and number'
        using errcode = 'invalid_authorization_specification';
end
$$;

-- Who asks, one value each: the seal, scope, subject, department, '*' for the whole district, then streets. Null when
-- nobody said it, or not with the scope that is asked for; an error when the seal does not fit. Its names were resolved
-- when it was made, whatever the search path is now. Restricted to the leader of a parallel query: the session's memory
-- is not its workers'.
create function caller_context(of_scope text default null) returns text[]
stable parallel restricted security definer
return case when current_setting('app.context', true) > '' then case
    when left(current_setting('app.context', true), 64) <> session_seal(substr(current_setting('app.context', true), 65))
        then refuse_seal()
    when of_scope is null or split_part(current_setting('app.context', true), E'\n', 2) = of_scope
        then string_to_array(current_setting('app.context', true), E'\n')
end end;

-- The owner, who migrates and repairs, needs no key.
create function act_as_service() returns text
language sql volatile
begin atomic
    select setval('seal_secret_1', substr(uuid_send(gen_random_uuid()), 1, 8)::bigint),
        setval('seal_secret_2', substr(uuid_send(gen_random_uuid()), 1, 8)::bigint),
        setval('seal_number', 1);
    select set_config('app.context', session_seal(E'\nservice\n\n\n*') || E'\nservice\n\n\n*', false);
end;
revoke execute on function
    open_session, use_seal, session_seal, refuse_seal, caller_context, act_as_service from public;
grant execute on function open_session, use_seal, caller_context to {app};

-- What policies ask. Each is written as a query of its own, as in `array['*', street] && (select seen_streets())`:
-- then it is answered once in a statement and not for each row.
create function caller_scope() returns text stable parallel restricted return (caller_context())[2];
create function caller_subject() returns text stable parallel restricted return nullif((caller_context())[3], '');
create function caller_department() returns text stable parallel restricted return nullif((caller_context())[4], '');
create function seen_streets() returns text[] stable parallel restricted return (caller_context())[5:];
create function caller_streets() returns text[] stable parallel restricted return (caller_context())[6:];
create function sees_all() returns boolean stable parallel restricted return (caller_context())[5] = '*';
create function seen_subject() returns text stable parallel restricted
    return nullif((caller_context('resident'))[3], '');

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
-- Runs as the owner, because the run-time role may not change tables; only the service itself may ask for it.
create function maintain_outbox_sent(today date, ahead integer, keep_from date) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    day date;
    old text;
begin
    if caller_scope() is distinct from 'service' then
        raise exception 'what was sent is kept by the service itself' using errcode = 'insufficient_privilege';
    end if;
    for day in select today + n from generate_series(0, ahead) as n loop
        if to_regclass(format('outbox_sent_%s', to_char(day, 'YYYYMMDD'))) is null
            and not exists (select from outbox_sent_default where sent_on = day)
        then
            execute format(
                'create table public.outbox_sent_%s partition of public.outbox_sent for values from (%L) to (%L)',
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
        execute format('drop table public.%I', old);
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

-- Whoever asks schedules and cancels by these; only the service itself sees and does what is due.
create function schedule_deadlines(
    kinds text[], subjects text[], due_ats timestamptz[], payloads text[], causation_ids uuid[], traceparents text[],
    moves boolean
) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if public.caller_scope() is null then
        raise exception 'nobody asks for this deadline' using errcode = 'insufficient_privilege';
    end if;
    -- In one order, so that two callers cannot wait for each other.
    insert into public.deadline as known (kind, subject, due_at, payload, causation_id, traceparent)
    select wanted.kind, wanted.subject, wanted.due_at, wanted.payload::jsonb, wanted.causation_id, wanted.traceparent
    from unnest(kinds, subjects, due_ats, payloads, causation_ids, traceparents)
        as wanted (kind, subject, due_at, payload, causation_id, traceparent)
    order by 1, 2
    on conflict on constraint deadline_pkey do update
    set due_at = excluded.due_at, payload = excluded.payload, causation_id = excluded.causation_id,
        traceparent = excluded.traceparent, attempt = 0, lease = null, blocked_until = null, last_error = null
    where moves;
end
$$;
create function cancel_deadline(old_kind text, old_subject text) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if public.caller_scope() is null then
        raise exception 'nobody asks for this deadline' using errcode = 'insufficient_privilege';
    end if;
    delete from public.deadline where kind = old_kind and subject = old_subject;
end
$$;
revoke execute on function schedule_deadlines, cancel_deadline from public;
grant execute on function schedule_deadlines, cancel_deadline to {app};

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

-- What was answered under keys, where anything was, by their place in the question. Who else comes with one of these keys
-- waits until this transaction ends. In a function each statement has a snapshot of its own: the second one sees what was
-- kept while the first one waited. The locks are taken in one order, so that two callers cannot wait for each other.
create function claim_keys(claimed_owners text[], claimed_keys text[])
returns table (place bigint, body_digest text, answer text)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(lock) from (
        select distinct hashtextextended(owner || key, 0) as lock
        from unnest(claimed_owners, claimed_keys) as claimed (owner, key) order by 1
    ) as locks;
    return query
        select claimed.place, kept.body_digest, kept.answer::text
        from unnest(claimed_owners, claimed_keys) with ordinality as claimed (owner, key, place)
            -- One look into the index for each, however many the planner takes them for.
            cross join lateral (
                select * from idempotency where owner = claimed.owner and key = claimed.key limit 1
            ) as kept;
end
$$;
grant execute on function claim_keys to {app};

-- What stands here is of every street: events, work, what others were answered. Whoever asks records events and finds
-- answers to keys of their own; the rest is the service's. The owner's functions above are not bound.
alter table outbox enable row level security;
create policy outbox_recorded on outbox for insert with check ((select caller_scope()) is not null);
create policy outbox_sent_on on outbox using ((select caller_scope()) = 'service');
alter table outbox_sent enable row level security;
create policy outbox_sent_kept on outbox_sent using ((select caller_scope()) = 'service');
alter table inbox enable row level security;
create policy inbox_kept on inbox using ((select caller_scope()) = 'service');
alter table dead_letter enable row level security;
create policy dead_letter_kept on dead_letter using ((select caller_scope()) = 'service');
alter table deadline enable row level security;
create policy deadline_kept on deadline using ((select caller_scope()) = 'service');
alter table idempotency enable row level security;
create policy idempotency_of_caller on idempotency using (
    substr(owner, strpos(owner, '/') + 1) = (select caller_subject()) or (select caller_scope()) = 'service'
);

-- Nobody but the owner makes anything here: a temporary table would stand in front of ours for the next caller on the
-- same connection.
do $$
begin
    execute format('revoke create, temporary on database %I from public', current_database());
end
$$;
revoke create on schema public from public;
