-- Somebody in trouble, from the first report until it is known what became of it. Holds nothing personal but the person
-- of the registry whom it is about, where that is known.
create table lead (
    lead_id uuid primary key,
    street text,  -- null: nobody knows yet where, the district finds out
    troubles text[] not null check (cardinality(troubles) > 0),
    told text[] not null,  -- departments that may see it, beside the street
    is_urgent boolean not null,
    state text not null check (state in ('open', 'contacted', 'closed')),
    opened_at timestamptz not null,
    contact_by timestamptz not null,
    person_id uuid references person,
    match text not null
        check (match in ('exact', 'matched', 'unclear', 'unknown', 'confirmed', 'denied', 'erased')),
    contacted_at timestamptz,
    overdue_at timestamptz,  -- when it was noticed that nobody had met the family in time
    outcome text check (outcome in ('applied', 'helped', 'not_eligible', 'refused', 'unfounded', 'duplicate')),
    application_id uuid,
    duplicate_of uuid references lead check (duplicate_of <> lead_id),
    closed_by text,
    closed_at timestamptz,
    erased_at timestamptz,
    check ((state = 'closed') = (outcome is not null)),
    check ((outcome is null) = (closed_at is null) and (outcome is null) = (closed_by is null)),
    check (state <> 'contacted' or contacted_at is not null),
    check ((outcome is not distinct from 'applied') or application_id is null),
    check ((outcome is not distinct from 'duplicate') = (duplicate_of is not null)),
    check ((person_id is not null) = (match in ('exact', 'matched', 'confirmed'))),
    check ((erased_at is not null) = (match = 'erased'))
);
create index lead_open_person on lead (person_id) where state <> 'closed';
create index lead_street on lead (street, lead_id);

-- What one sender said, once. `about`, and the indexes by which the same person is known again, go when it is erased.
create table lead_report (
    report_id uuid primary key,
    lead_id uuid not null references lead,
    sender text not null,  -- a department, or the street of a clerk
    reference text not null,  -- the sender's own number
    channel text not null,
    happened_on date not null,
    troubles text[] not null,
    is_urgent boolean not null,
    sent_by text not null,
    received_at timestamptz not null,
    digest bytea not null,  -- blind index over all that was said: the same number may not say something else later
    about bytea,  -- encrypted: name, number, age, address, phone, words
    identity_index bytea,
    name_index bytea,
    address_index bytea,
    phone_index bytea,
    unique (sender, reference)
);
create index lead_report_lead on lead_report (lead_id);
create index lead_report_identity on lead_report (identity_index);
create index lead_report_name on lead_report (name_index);

-- Who may be the one, until an officer decides.
create table lead_candidate (
    lead_id uuid not null references lead,
    person_id uuid not null references person,
    chance numeric(5, 4) not null check (chance between 0 and 1),
    primary key (lead_id, person_id)
);

-- Each time somebody went or called.
create table lead_contact (
    contact_id uuid primary key,
    lead_id uuid not null references lead,
    result text not null check (result in ('reached', 'not_reached')),
    made_by text not null,
    made_at timestamptz not null
);
create index lead_contact_lead on lead_contact (lead_id);
create trigger append_only before update or delete or truncate on lead_contact execute function refuse_change();

alter table lead enable row level security;
alter table lead force row level security;
create policy scope on lead
    using (
        (select sees_all())
        or array['*', street] && (select seen_streets())
        or (select caller_scope()) = 'department' and (select caller_department()) = any (told)
    )
    with check ((select caller_scope()) = 'service');

alter table lead_report enable row level security;
alter table lead_report force row level security;
create policy scope on lead_report
    using (
        (select caller_scope()) = 'department' and sender = (select caller_department())
        or exists (select from lead where lead.lead_id = lead_report.lead_id)
    )
    with check ((select caller_scope()) = 'service');

alter table lead_candidate enable row level security;
alter table lead_candidate force row level security;
create policy scope on lead_candidate using ((select caller_scope()) = 'service');

alter table lead_contact enable row level security;
alter table lead_contact force row level security;
create policy scope on lead_contact
    using (exists (select from lead where lead.lead_id = lead_contact.lead_id))
    with check ((select caller_scope()) = 'service');

grant select, insert on lead, lead_report, lead_candidate, lead_contact to {app};
grant update (
    street, troubles, told, is_urgent, state, contact_by, person_id, match, contacted_at, overdue_at, outcome,
    application_id, duplicate_of, closed_by, closed_at, erased_at
) on lead to {app};
grant update (about, identity_index, name_index, address_index, phone_index) on lead_report to {app};
grant delete on lead_candidate to {app};
