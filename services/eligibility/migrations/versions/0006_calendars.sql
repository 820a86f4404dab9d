-- The working days that assessments counted, as data: what was announced then, with the corrections of that day.
create table calendar_edition (
    version text primary key,
    document text not null,
    first_seen_at timestamptz not null
);

-- Null for assessments from before calendars were archived, when no rule counted working days.
alter table assessment add column calendar_version text references calendar_edition;

alter table calendar_edition enable row level security;
alter table calendar_edition force row level security;
create policy known on calendar_edition for select using (true);
create policy kept on calendar_edition using ((select sees_all()));

grant select, insert on calendar_edition to {app};
