-- Fiscal years: a year of a street is closed after its last day, in order, and never opened again. Its statement is
-- kept as it was signed off, with its hash.
create table fiscal_closing (
    street text not null,
    year integer not null,
    last_version bigint not null,  -- the last transfer of the year
    document text not null,
    sha256 text not null,  -- of the document, in hexadecimal
    previous_sha256 text,  -- of the year before; null: the first year
    closed_by text not null,
    closed_at timestamptz not null,
    constraint fiscal_closing_pkey primary key (street, year),
    constraint fiscal_closing_street foreign key (street) references reserve (street),
    constraint fiscal_closing_sha256 check (sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);

create function start_of_year(year integer) returns timestamptz language sql stable as $$
    select make_timestamptz(year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
$$;

-- Locks reserves against every posting and tells from when on each is open. Streets that are no reserve, or that the
-- caller does not handle, are left out. At once in the strongest mode: a lock that grows meets those who wait for it.
create function lock_for_closing(of_streets text[]) returns table (street text, open_from timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform from reserve where street = any (of_streets) order by street for update;
    return query
        select reserve.street, reserve.open_from from reserve
        where reserve.street = any (of_streets) and handles_street(reserve.street)
        order by reserve.street;
end
$$;

-- The next year in order, after its end, with every transfer of it, on top of the closing before. A transfer that is
-- being written meanwhile holds its reserve by the foreign key: it is waited for, or it finds the year closed.
create function close_fiscal_year() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    is_open_from timestamptz;
begin
    select open_from into is_open_from from lock_for_closing(array[new.street]);
    if is_open_from is distinct from start_of_year(new.year) then
        raise exception 'year % of street % is not the next to be closed', new.year, new.street
            using errcode = 'check_violation', constraint = 'fiscal_closing_in_order';
    end if;
    if new.closed_at < start_of_year(new.year + 1) then
        raise exception 'year % of street % is not over', new.year, new.street
            using errcode = 'check_violation', constraint = 'fiscal_closing_after_the_year';
    end if;
    if new.last_version is distinct from (
        select max(version) from transfer where street = new.street and posted_at < start_of_year(new.year + 1)
    ) then
        raise exception 'year % of street % does not end with transfer %', new.year, new.street, new.last_version
            using errcode = 'check_violation', constraint = 'fiscal_closing_of_all';
    end if;
    if new.previous_sha256 is distinct from (
        select sha256 from fiscal_closing where street = new.street and year = new.year - 1
    ) then
        raise exception 'year % of street % does not stand on the closing before', new.year, new.street
            using errcode = 'check_violation', constraint = 'fiscal_closing_follows';
    end if;
    update reserve set open_from = start_of_year(new.year + 1) where street = new.street;
    return new;
end
$$;
create trigger fiscal_closing_closes before insert on fiscal_closing
    for each row execute function close_fiscal_year();

create function refuse_reopening_of_year() returns trigger language plpgsql as $$
begin
    raise exception 'a closed year is never opened again: correct it by a posting of the present year'
        using errcode = 'restrict_violation';
end
$$;
create trigger fiscal_closing_stays before update or delete or truncate on fiscal_closing
    for each statement execute function refuse_reopening_of_year();
create trigger reserve_stays_closed before update on reserve
    for each row when (new.open_from < old.open_from) execute function refuse_reopening_of_year();

alter table fiscal_closing enable row level security, force row level security;
create policy fiscal_closing_seen on fiscal_closing for select using (array['*', street] && (select seen_streets()));
-- The district closes, and the service writes that down: no street's own context may.
create policy fiscal_closing_kept on fiscal_closing for insert with check ((select caller_scope()) = 'service');

grant select, insert on fiscal_closing to {app};
revoke execute on function lock_for_closing from public;
grant execute on function lock_for_closing to {app};
