-- Why somebody asked for a data set that no verification asks by itself, and who. `file_as_of`: it was looked up in a
-- file that describes this day; null: the department answers itself.
alter table query
    add column reason text,
    add column asked_by text,
    add column file_as_of date,
    add check ((kind = 'on_request') = (reason is not null)),
    add check ((kind = 'on_request') = (asked_by is not null)),
    add check (file_as_of is null or kind = 'on_request');
