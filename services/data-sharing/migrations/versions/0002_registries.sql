-- A department's delivery of one data set by file, from its announcement to the version that counts.
create table batch (
    batch_id uuid primary key,
    data_set text not null,
    department text not null,
    as_of date not null,  -- the day that the file describes
    state text not null,
    announced_at timestamptz not null,
    published_at timestamptz,  -- from here on its rows count
    superseded_at timestamptz,  -- until here
    format text not null default 'csv' check (format in ('csv', 'parquet')),
    rows integer not null default 0 check (rows >= 0),  -- as the manifest says
    size_bytes bigint not null default 0 check (size_bytes >= 0),
    checksum text,  -- SM3 of the file, 64 hexadecimal digits
    received_at timestamptz,
    position bigint not null default 0,  -- where reading goes on: a byte of a CSV file, a row of a Parquet file
    checked_rows integer not null default 0,
    loaded_rows integer not null default 0,
    rejected_rows integer not null default 0,
    refusal text,  -- why the whole file was refused
    refused_what text,  -- what differs, without a value of any row
    check (superseded_at is null or published_at is not null),
    check (checked_rows = loaded_rows + rejected_rows),
    check (published_at is null or checked_rows = rows),
    check ((state = 'refused') = (refusal is not null))
);
-- The same file is one delivery, however often it is announced; a refused one may come again.
create unique index batch_file on batch (data_set, checksum) where state <> 'refused';
create unique index batch_current on batch (data_set) where published_at is not null and superseded_at is null;

-- What departments deliver by file, one row each, found by the blind index of the identity number. No number, no name.
-- A part for each batch, which is filled before it belongs here: its index is built once, over all rows, and a reader
-- meets the whole file or nothing of it. No key and no reference: a part holds one batch, which the loader numbers.
create table register_record (
    batch_id uuid not null,
    row_number integer not null check (row_number > 0),
    identity_index bytea not null check (octet_length(identity_index) = 16),
    fields jsonb not null
) partition by list (batch_id);
create index register_record_identity on register_record (identity_index);
create table register_record_default partition of register_record default;

-- Rows that are not loaded, with the codes of what is wrong with them. Their values are not kept.
create table batch_reject (
    batch_id uuid not null references batch,
    row_number integer not null check (row_number > 0),
    reasons text[] not null check (cardinality(reasons) > 0),
    primary key (batch_id, row_number)
);

-- Rows of a household register that differ from the base registry, until their batch is published.
create table person_delivery (
    batch_id uuid not null references batch,
    identity_index bytea not null check (octet_length(identity_index) = 16),
    identity_number bytea not null,  -- encrypted
    person_name bytea not null,  -- encrypted for `person`
    digest bytea not null,
    name bytea not null,  -- encrypted for `person_version`
    name_index bytea not null,
    birth_date date not null,
    sex text not null,
    registration_region text,
    registration_kind text,
    street text,
    community text,
    address bytea,  -- encrypted
    died_on date,
    primary key (batch_id, identity_index)
);

-- The rows that count now. A person may have several in one data set (two cars).
create view current_record with (security_invoker = true) as
select batch.data_set, batch.as_of, record.identity_index, record.fields, record.batch_id, record.row_number
from batch join register_record as record using (batch_id)
where batch.published_at is not null and batch.superseded_at is null;

-- Records of a register of legal entities, which are found by the blind index of their code.
create view delivered_legal_entity with (security_invoker = true) as
select batch_id, fields->>'credit_code' as credit_code, fields->>'name' as name, fields->>'kind' as kind,
    fields->>'state' as state, decode(fields->>'representative_index', 'hex') as representative_index
from register_record;

-- The base registry of persons (12.1.1): what held about a person from one day until another. `valid_until` null: now.
create table person_version (
    person_id uuid not null references person,
    valid_from date not null,
    valid_until date check (valid_until > valid_from),
    name bytea not null,  -- encrypted
    name_index bytea not null,  -- blind index, to find equal names
    birth_date date not null,
    sex text not null check (sex in ('M', 'F')),
    registration_region text,  -- six digits
    registration_kind text check (registration_kind in ('urban', 'rural')),
    street text,  -- nine digits, where the person lives
    community text,  -- twelve digits
    address bytea,  -- encrypted
    died_on date,
    digest bytea,  -- blind index over all of it, to see without decrypting whether a delivery says something new
    batch_id uuid references batch,
    recorded_at timestamptz not null,
    primary key (person_id, valid_from)
);
create unique index person_version_now on person_version (person_id) where valid_until is null;
create index person_version_place on person_version (street, birth_date) where valid_until is null;
create index person_version_name on person_version (name_index) where valid_until is null;

-- The base registry of legal entities, by unified social credit code (GB 32100-2015). Companies are no secret.
create table legal_entity_version (
    credit_code text not null check (credit_code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    valid_from date not null,
    valid_until date check (valid_until > valid_from),
    name text not null,
    kind text not null,
    state text not null check (state in ('active', 'suspended', 'revoked', 'deregistered')),
    representative_index bytea,  -- blind index of the identity number of the legal representative
    batch_id uuid references batch,
    recorded_at timestamptz not null,
    primary key (credit_code, valid_from)
);
create unique index legal_entity_version_now on legal_entity_version (credit_code) where valid_until is null;
create index legal_entity_version_representative on legal_entity_version (representative_index)
    where valid_until is null;

-- Parts of register_record are made, filled, joined to it and thrown away as the owner, because the run-time role may not
-- change tables; only the service itself may ask for it. Until a part is joined, the role can add rows and read none:
-- COPY knows no row-level security.
create function batch_part(batch uuid) returns text
language sql immutable set search_path = pg_catalog, public, pg_temp as $$
    select 'register_record_' || replace(batch::text, '-', '')
$$;

create function make_batch_part(batch uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if public.caller_scope() is distinct from 'service' then
        raise exception 'batches are loaded by the service itself' using errcode = 'insufficient_privilege';
    end if;
    execute format('create table public.%I (like public.register_record including constraints)', public.batch_part(batch));
    execute format(
        'alter table public.%1$I alter batch_id set default %2$L, add constraint only_batch check (batch_id = %2$L)',
        public.batch_part(batch), batch
    );
    execute format('grant insert on public.%I to {app}', public.batch_part(batch));
end
$$;

create function join_batch_part(batch uuid) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set maintenance_work_mem = '256MB'  -- an index over a million rows is sorted in memory
as $$
begin
    if public.caller_scope() is distinct from 'service' then
        raise exception 'batches are loaded by the service itself' using errcode = 'insufficient_privilege';
    end if;
    execute format('revoke insert on public.%I from {app}', public.batch_part(batch));
    execute format('create index on public.%I (identity_index)', public.batch_part(batch));
    execute format(
        'alter table public.register_record attach partition public.%I for values in (%L)',
        public.batch_part(batch), batch
    );
    execute format('alter table public.%I drop constraint only_batch', public.batch_part(batch));
end
$$;

-- A part that was joined stays: what counted is kept.
create function drop_batch_part(batch uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if public.caller_scope() is distinct from 'service' then
        raise exception 'batches are loaded by the service itself' using errcode = 'insufficient_privilege';
    end if;
    if exists (select from pg_inherits where inhrelid = to_regclass('public.' || public.batch_part(batch))) then
        raise exception 'the records of batch % count, or did', batch using errcode = 'restrict_violation';
    end if;
    execute format('drop table if exists public.%I', public.batch_part(batch));
end
$$;
revoke execute on function make_batch_part, join_batch_part, drop_batch_part from public;
grant execute on function make_batch_part, join_batch_part, drop_batch_part to {app};

alter table batch enable row level security;
alter table batch force row level security;
create policy scope on batch
    using (
        (select caller_scope()) in ('service', 'district')
        or (select caller_scope()) = 'department' and department = (select caller_department())
    )
    with check ((select caller_scope()) = 'service');
alter table batch_reject enable row level security;
alter table batch_reject force row level security;
create policy scope on batch_reject
    using ((select caller_scope()) = 'service' or exists (select from batch where batch.batch_id = batch_reject.batch_id))
    with check ((select caller_scope()) = 'service');
alter table person_delivery enable row level security;
alter table person_delivery force row level security;
create policy scope on person_delivery using ((select caller_scope()) = 'service');
alter table register_record enable row level security;
alter table register_record force row level security;
create policy scope on register_record using ((select caller_scope()) = 'service');
alter table person_version enable row level security;
alter table person_version force row level security;
create policy scope on person_version using ((select caller_scope()) = 'service');
alter table legal_entity_version enable row level security;
alter table legal_entity_version force row level security;
create policy scope on legal_entity_version
    using ((select caller_scope()) in ('service', 'district'))
    with check ((select caller_scope()) = 'service');

grant select, insert, update on batch to {app};
grant select, insert, delete on register_record to {app};
grant select on current_record, delivered_legal_entity to {app};
grant select, insert, delete on batch_reject, person_delivery to {app};
-- A second delivery of one day corrects the versions that begin on it.
grant select, insert, update on person_version, legal_entity_version to {app};
