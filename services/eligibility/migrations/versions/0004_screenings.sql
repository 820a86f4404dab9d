-- One screening of a population snapshot on a day. The same snapshot for the same day is the same screening.
create table screening (
    screening_id uuid primary key,
    snapshot_sha256 text not null,
    as_of date not null,
    parts integer not null check (parts > 0),
    state text not null check (state in ('receiving', 'queued', 'matched', 'completed', 'refused')),
    requested_by text not null,
    requested_at timestamptz not null,
    toolbook_version text,
    persons integer not null default 0,
    households integer not null default 0,
    rejected_rows integer not null default 0,
    undecided_households integer not null default 0,
    unknown_columns text[] not null default '{}',
    problems text[] not null default '{}',
    to_tell integer not null default 0,
    told integer not null default 0 check (told <= to_tell),
    leads integer not null default 0,
    reviews integer not null default 0,
    completed_at timestamptz,
    unique (snapshot_sha256, as_of)
);

-- The snapshot, in the parts in which it came; gone when the screening is over.
create table screening_part (
    screening_id uuid not null references screening,
    number integer not null check (number > 0),
    content bytea not null,
    primary key (screening_id, number)
);

-- Rows that were put aside: what was found, what is expected.
create table screening_rejection (
    screening_id uuid not null references screening,
    line integer not null,
    row_number integer not null,
    household_ref text,
    person_ref text,
    column_name text not null,
    found text,
    expected text not null,
    primary key (screening_id, line)
);

-- Households of which something was found and that are still to be told; gone when the screening is over.
create table screening_match (
    screening_id uuid not null references screening,
    position integer not null,
    household_id uuid not null,
    street text not null,
    findings jsonb not null,
    primary key (screening_id, position)
);

-- What people follow: an entitlement nobody receives (lead), a benefit whose ground may be gone (review).
create table finding (
    finding_id uuid primary key,
    screening_id uuid not null references screening,
    household_id uuid not null,
    street text not null,
    kind text not null check (kind in ('lead', 'review')),
    policy text not null,
    person_refs text[] not null,
    reason text not null,
    found_at timestamptz not null,
    state text not null default 'open' check (state in ('open', 'closed')),
    outcome text check ((outcome is null) = (state = 'open')),
    note text,
    closed_by text,
    closed_at timestamptz
);
-- A second run finds nothing twice.
create unique index finding_open on finding (household_id, policy, kind) where state = 'open';
create index finding_street on finding (street, found_at, finding_id);

-- Second wall: snapshots are the district's; a finding is its street's as well.
alter table screening enable row level security;
alter table screening force row level security;
create policy scope on screening using ((select sees_all()));
alter table screening_part enable row level security;
alter table screening_part force row level security;
create policy scope on screening_part using ((select sees_all()));
alter table screening_rejection enable row level security;
alter table screening_rejection force row level security;
create policy scope on screening_rejection using ((select sees_all()));
alter table screening_match enable row level security;
alter table screening_match force row level security;
create policy scope on screening_match using ((select sees_all()));
alter table finding enable row level security;
alter table finding force row level security;
create policy scope on finding
    using (array['*', street] && (select seen_streets()));

grant select, insert, update on screening, finding to {app};
grant select, insert, delete on screening_part, screening_match to {app};
grant select, insert on screening_rejection to {app};
