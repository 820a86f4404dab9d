-- Keys of encrypted fields (decision 30): by id which the service has held, which it writes with, and until when each was
-- used; which columns are encrypted, and how far they were gone through. Never a key. Instants are of the real clock:
-- keys age in it, whatever business time is.

create table encryption_key (
    key_id integer not null,
    check_value text not null,  -- so that an id stays the same key
    held_since timestamptz,  -- since when every replica that looked had it; null: one had not
    written_since timestamptz,  -- when it last became the one to write with; null: it never was
    used_until timestamptz,  -- the last time that a replica wrote with it or a value under it was met
    retired_at timestamptz,  -- nothing is left under it: it may be taken out of the file
    constraint encryption_key_pkey primary key (key_id),
    constraint encryption_key_id check (key_id between 0 and 255),
    constraint encryption_key_written check (written_since is null or used_until is not null)
);

-- One row: all indexes are made with one key.
create table blind_index_key (
    is_only boolean not null default true,
    check_value text not null,
    constraint blind_index_key_pkey primary key (is_only),
    constraint blind_index_key_is_only check (is_only)
);

-- Every column that holds ciphertext, named by the service's migrations: in no other may `renew_values` change anything.
-- A round goes through all rows by primary key; `position` is that of the last row that was seen.
create table encrypted_column (
    table_name text not null,
    column_name text not null,
    began_at timestamptz,  -- of the round that runs
    position text[],
    seen jsonb not null default '{}',  -- values by key id, so far
    counts jsonb,  -- values by key id, as the last whole round left them
    counted_from timestamptz,  -- when that round began
    counted_at timestamptz,
    constraint encrypted_column_pkey primary key (table_name, column_name),
    constraint encrypted_column_round check (began_at is not null or position is null),
    constraint encrypted_column_counted check (num_nulls(counts, counted_from, counted_at) in (0, 3))
);

-- Puts ciphertexts in the place of older ones, in rows by ctid, where the old one still stands there. Rows that somebody
-- else is writing are left for another round: nobody waits for this and it waits for nobody. It runs as the owner, because
-- the run-time role may not update most of these columns; row-level security holds all the same. It lets through what the
-- renewal of a value can be and nothing else: of the same length, under the key that is written with, over one of another.
-- Returns the places in the arrays that were renewed.
create function renew_values(of_table text, of_column text, places text[], olds bytea[], news bytea[])
returns setof bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    writing integer;
begin
    if public.caller_scope() is distinct from 'service' then
        raise exception 'values are renewed by the service itself' using errcode = 'insufficient_privilege';
    end if;
    if not exists (
        select from public.encrypted_column where table_name = of_table and column_name = of_column
    ) then
        raise exception '%.% is no encrypted column', of_table, of_column using errcode = 'insufficient_privilege';
    end if;
    select key_id into writing from public.encryption_key
    where written_since is not null order by written_since desc, key_id desc limit 1;
    if exists (
        select from unnest(olds, news) as value (old, new)
        where (
            octet_length(old) = octet_length(new) and octet_length(new) >= 30
            and get_byte(new, 0) = get_byte(old, 0) and get_byte(new, 1) = writing and get_byte(old, 1) <> writing
        ) is not true
    ) then
        raise exception 'this renews no value of %.%', of_table, of_column using errcode = 'restrict_violation';
    end if;
    return query execute format(
        'with mine as materialized (
            select value.at, value.new, kept.ctid as place
            from unnest($1::tid[], $2, $3) with ordinality as value (place, old, new, at)
            join public.%1$I as kept on kept.ctid = value.place and kept.%2$I = value.old
            for no key update of kept skip locked
        )
        update public.%1$I as kept set %2$I = mine.new from mine where kept.ctid = mine.place returning mine.at',
        of_table, of_column
    ) using places, olds, news;
end
$$;
revoke execute on function renew_values from public;
grant execute on function renew_values to {app};

alter table encryption_key enable row level security, force row level security;
create policy encryption_key_service on encryption_key using ((select caller_scope()) = 'service');
alter table blind_index_key enable row level security, force row level security;
create policy blind_index_key_service on blind_index_key using ((select caller_scope()) = 'service');
alter table encrypted_column enable row level security, force row level security;
create policy encrypted_column_service on encrypted_column using ((select caller_scope()) = 'service');

grant select, insert on encryption_key, blind_index_key to {app};
grant update (held_since, written_since, used_until, retired_at) on encryption_key to {app};
grant select on encrypted_column to {app};
grant update (began_at, position, seen, counts, counted_from, counted_at) on encrypted_column to {app};
