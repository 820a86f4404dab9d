-- Regulation on Sharing Government Data (2025): a conditional request is answered in ten working days, which the provider
-- extends once by ten; what was granted is given within twenty.
alter table agreement
    add column is_extended boolean not null default false check (not is_extended or sharing = 'conditional'),
    add column supply_on date;  -- the last day to give the data; null: not granted yet, or standing since the beginning
grant update (answer_on, is_extended, supply_on) on agreement to {app};
