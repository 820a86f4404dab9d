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
    check (superseded_at is null or published_at is not null)
);

-- What departments deliver by file, one row each, found by the blind index of the identity number. No number, no name.
create table register_record (
    batch_id uuid not null references batch,
    row_number integer not null check (row_number > 0),
    identity_index bytea not null check (octet_length(identity_index) = 16),
    fields jsonb not null,
    primary key (batch_id, row_number)
);
create index register_record_identity on register_record (identity_index);

-- The rows that count now. A person may have several in one data set (two cars).
create view current_record with (security_invoker = true) as
select batch.data_set, batch.as_of, record.identity_index, record.fields, record.batch_id, record.row_number
from batch join register_record as record using (batch_id)
where batch.published_at is not null and batch.superseded_at is null;

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

alter table batch enable row level security;
alter table batch force row level security;
create policy scope on batch using ((select caller_scope()) = 'service');
alter table register_record enable row level security;
alter table register_record force row level security;
create policy scope on register_record using ((select caller_scope()) = 'service');
alter table person_version enable row level security;
alter table person_version force row level security;
create policy scope on person_version using ((select caller_scope()) = 'service');
alter table legal_entity_version enable row level security;
alter table legal_entity_version force row level security;
create policy scope on legal_entity_version using ((select caller_scope()) = 'service');

grant select, insert, update on batch to {app};
grant select, insert, delete on register_record to {app};
grant select on current_record to {app};
grant select, insert, update (valid_until) on person_version, legal_entity_version to {app};
