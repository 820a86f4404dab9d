-- A paper that a street asked a family for. Nothing waits for it: a decision is due on its day with or without it.
create table paper_request (
    paper_request_id uuid primary key,
    application_id uuid not null references application,
    household_id uuid not null,
    paper text not null,
    reason text not null,  -- what it is needed for, as the family reads it
    due_on date not null,  -- the last day to bring it
    asked_by text not null,
    asked_at timestamptz not null,
    outcome text check (outcome in ('supplied', 'withdrawn')),
    settled_by text,
    settled_at timestamptz,
    check ((outcome is null) = (settled_at is null) and (outcome is null) = (settled_by is null))
);
-- The same paper is asked for once at a time.
create unique index paper_request_open on paper_request (application_id, paper) where outcome is null;

-- The papers that departments' data stand in for, each time that the list became another one.
create table announced_papers (
    announced_at timestamptz primary key,
    held text[] not null
);
create trigger append_only before update or delete or truncate on announced_papers
    execute function refuse_change();

alter table paper_request enable row level security;
alter table paper_request force row level security;
create policy scope on paper_request
    using (exists (select from application where application.application_id = paper_request.application_id))
    with check ((select caller_scope()) = 'service');

alter table announced_papers enable row level security;
alter table announced_papers force row level security;
create policy scope on announced_papers using ((select caller_scope()) = 'service');

grant select, insert on paper_request, announced_papers to {app};
grant update (outcome, settled_by, settled_at) on paper_request to {app};
