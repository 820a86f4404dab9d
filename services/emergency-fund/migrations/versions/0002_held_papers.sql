-- The papers that departments' data stand in for (8.2): our own copy of each list that data-sharing announced.
create table held_papers (
    announced_at timestamptz not null,
    held text[] not null,
    constraint held_papers_pkey primary key (announced_at)
);

alter table held_papers enable row level security, force row level security;
create policy held_papers_known on held_papers for select using (true);
create policy held_papers_heard on held_papers for insert with check ((select caller_scope()) = 'service');
grant select, insert on held_papers to {app};
