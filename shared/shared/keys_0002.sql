-- The blind index has keys in layers (decision 30): the first over the text, each further one over the index under those
-- before it. A row for each that what stands in the database was made with.
alter table blind_index_key
    add column layer integer not null default 1,
    add column laid_at timestamptz not null default clock_timestamp(),
    drop constraint blind_index_key_pkey,
    drop constraint blind_index_key_is_only,
    drop column is_only,
    add constraint blind_index_key_pkey primary key (layer),
    add constraint blind_index_key_layer check (layer > 0);
alter table blind_index_key alter column layer drop default;
