-- The ledger. Append only: there is no stored balance that could differ from its entries; the balance of an account is
-- what its last entry says. All that must hold is checked here, against any client, at the end of each statement.

-- Who may see and who may handle the rows of a street, by the context that each transaction sets.
create function sees_street(street text) returns boolean language sql stable as $$
    select current_setting('app.scope', true) in ('service', 'district')
        or (current_setting('app.scope', true) = 'streets'
            and street = any (string_to_array(current_setting('app.streets', true), ',')))
$$;

create function handles_street(street text) returns boolean language sql stable as $$
    select current_setting('app.scope', true) = 'service'
        or (current_setting('app.scope', true) in ('streets', 'district')
            and street = any (string_to_array(current_setting('app.streets', true), ',')))
$$;

-- A street reserve and its float: what cash and claims together must come to.
create table reserve (
    street text not null,
    float_fen bigint not null,
    constraint reserve_pkey primary key (street),
    constraint reserve_street check (street ~ '^420106\d{3}$'),
    constraint reserve_float_fen check (float_fen > 0)
);

-- Rows never change: they name what may be posted to, and are what a posting locks.
create table account (
    holder text not null,  -- a street, or 420106, the district
    kind text not null,
    constraint account_pkey primary key (holder, kind),
    constraint account_kind check (
        case when holder = '420106' then kind in ('finance', 'refilled_expense', 'written_off')
        else kind in ('cash', 'advances', 'documented', 'due_from_finance', 'recoverable') end
    )
);

create table transfer (
    transfer_id uuid not null,
    idempotency_key text not null,
    kind text not null,
    street text not null,
    cause_id uuid,  -- the grant or the replenishment; null: the pre-set float
    actor text not null,
    posted_at timestamptz not null,
    constraint transfer_pkey primary key (transfer_id),
    constraint transfer_idempotency_key unique (idempotency_key),
    constraint transfer_street foreign key (street) references reserve (street),
    constraint transfer_kind check (kind in ('preset', 'payment', 'settlement', 'refill'))
);

create table entry (
    holder text not null,
    kind text not null,
    version bigint not null,
    transfer_id uuid not null,
    amount_fen bigint not null,  -- more (+) or less (-) on the account
    balance_after_fen bigint not null,
    posted_at timestamptz not null,
    constraint entry_pkey primary key (holder, kind, version),
    constraint entry_account foreign key (holder, kind) references account (holder, kind),
    constraint entry_transfer foreign key (transfer_id) references transfer (transfer_id),
    constraint entry_version check (version >= 1),
    constraint entry_amount_fen check (amount_fen <> 0),
    -- Finance pays and is never paid here, so its account is below zero; what is due from it goes below zero when it
    -- refills an advance before the papers are in. Nothing else can be overdrawn, cash first of all.
    constraint entry_not_overdrawn check (balance_after_fen >= 0 or kind in ('finance', 'due_from_finance'))
);
create index entry_transfer_id on entry (transfer_id);
create index entry_holder_posted_at on entry (holder, posted_at);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append only: correct a posting by a new one that names it', tg_table_name
        using errcode = 'restrict_violation';
end
$$;
create trigger account_append_only before update or delete or truncate on account
    for each statement execute function refuse_change();
create trigger transfer_append_only before update or delete or truncate on transfer
    for each statement execute function refuse_change();
create trigger entry_append_only before update or delete or truncate on entry
    for each statement execute function refuse_change();

-- A transfer and all its entries come in one statement, so these checks need not wait for the commit.
create function check_transfers() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    wrong uuid;
begin
    select added.transfer_id into wrong from added
    where not exists (select from entry where entry.transfer_id = added.transfer_id)
    limit 1;
    if found then
        raise exception 'transfer % has no entries', wrong
            using errcode = 'check_violation', constraint = 'transfer_has_entries';
    end if;
    return null;
end
$$;
create trigger transfer_check after insert on transfer referencing new table as added
    for each statement execute function check_transfers();

create function check_entries() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    wrong record;
begin
    select added.transfer_id into wrong
    from (select transfer_id, sum(amount_fen) as total, count(*) as entries from added group by transfer_id) as added
    where total <> 0
        or entries <> (select count(*) from entry where entry.transfer_id = added.transfer_id)
    limit 1;
    if found then
        raise exception 'the entries of transfer % do not sum to zero, or came in parts', wrong.transfer_id
            using errcode = 'check_violation', constraint = 'transfer_sums_to_zero';
    end if;

    select added.transfer_id into wrong
    from added join transfer using (transfer_id)
    where added.holder not in (transfer.street, '420106') or added.posted_at <> transfer.posted_at
    limit 1;
    if found then
        raise exception 'transfer % has an entry of another street or another time', wrong.transfer_id
            using errcode = 'check_violation', constraint = 'entry_of_transfer';
    end if;

    select added.holder, added.kind, added.version into wrong
    from added
        left join entry as before
            on (before.holder, before.kind, before.version) = (added.holder, added.kind, added.version - 1)
    where added.balance_after_fen <> coalesce(before.balance_after_fen, 0) + added.amount_fen
        or (added.version > 1 and before.version is null)
        or added.posted_at < before.posted_at
    limit 1;
    if found then
        raise exception 'entry % of %:% does not follow the one before', wrong.version, wrong.holder, wrong.kind
            using errcode = 'check_violation', constraint = 'entry_follows';
    end if;

    select changed.holder into wrong
    from (select distinct holder from added) as changed
        join reserve on reserve.street = changed.holder
    where reserve.float_fen <> (
        select sum(latest.balance_after_fen)
        from account
            cross join lateral (
                select balance_after_fen from entry
                where (entry.holder, entry.kind) = (account.holder, account.kind)
                order by version desc limit 1
            ) as latest
        where account.holder = changed.holder
    )
    limit 1;
    if found then
        raise exception 'the accounts of % do not come to its float', wrong.holder
            using errcode = 'check_violation', constraint = 'reserve_equals_float';
    end if;
    return null;
end
$$;
create trigger entry_check after insert on entry referencing new table as added
    for each statement execute function check_entries();

-- Locks the accounts of a reserve, with those of the district where asked, and then reads the reserve's balances.
create function lock_reserve(of_street text, with_district boolean)
returns table (kind text, balance_fen bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform from account
    where holder = of_street or (with_district and holder = '420106')
    order by holder, kind for no key update;
    -- A later statement, so that it sees what the lock waited for.
    return query
        select account.kind, coalesce(latest.balance_after_fen, 0)
        from account
            left join lateral (
                select balance_after_fen from entry
                where (entry.holder, entry.kind) = (account.holder, account.kind)
                order by version desc limit 1
            ) as latest on true
        where account.holder = of_street;
end
$$;

-- The only way in. Posts transfers in the order given and answers for each, by position: 'posted', 'duplicate' (the
-- key was posted before, here or earlier: nothing happens) or 'insufficient' (nothing of it is posted). `balance_fen`:
-- posted: of the account of its first entry, afterwards; insufficient: of the account that falls short.
-- `entry_positions` says for each entry the position, from 1, of its transfer; it rises.
create function post_transfers(
    transfer_ids uuid[], idempotency_keys text[], kinds text[], streets text[], cause_ids uuid[], actors text[],
    posted_at timestamptz,
    entry_positions integer[], entry_holders text[], entry_kinds text[], entry_amounts bigint[]
) returns table (outcome text, transfer_id uuid, balance_fen bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    at timestamptz;
    names text[];
    balances bigint[];
    versions bigint[];
    known_keys text[];
    known_ids uuid[];
    found_at integer;
    first_entry integer := 1;
    last_entry integer;
    account_at integer;
    tried bigint[];
    new_positions integer[] := '{}';
    new_entries integer[] := '{}';
    new_versions bigint[] := '{}';
    new_balances bigint[] := '{}';
begin
    perform from account
    where (holder, kind) in (select * from unnest(entry_holders, entry_kinds))
    order by holder, kind for no key update;

    -- Later statements, so that they see what the lock waited for. Time never runs backwards on an account.
    select array_agg(account.holder || ':' || account.kind),
        array_agg(coalesce(latest.balance_after_fen, 0)),
        array_agg(coalesce(latest.version, 0)),
        greatest(post_transfers.posted_at, max(latest.posted_at))
    into names, balances, versions, at
    from account
        left join lateral (
            select version, balance_after_fen, posted_at from entry
            where (entry.holder, entry.kind) = (account.holder, account.kind)
            order by version desc limit 1
        ) as latest on true
    where (account.holder, account.kind) in (select * from unnest(entry_holders, entry_kinds));

    select coalesce(array_agg(transfer.idempotency_key), '{}'), coalesce(array_agg(transfer.transfer_id), '{}')
    into known_keys, known_ids
    from transfer where transfer.idempotency_key = any (idempotency_keys);

    for position in 1 .. cardinality(transfer_ids) loop
        last_entry := first_entry;
        while last_entry <= cardinality(entry_positions) and entry_positions[last_entry] = position loop
            last_entry := last_entry + 1;
        end loop;
        found_at := array_position(known_keys, idempotency_keys[position]);
        outcome := case when found_at is null then 'posted' else 'duplicate' end;
        transfer_id := case when found_at is null then transfer_ids[position] else known_ids[found_at] end;
        balance_fen := null;
        if outcome = 'posted' then
            tried := balances;
            for e in first_entry .. last_entry - 1 loop
                account_at := array_position(names, entry_holders[e] || ':' || entry_kinds[e]);
                if account_at is null then
                    raise exception 'there is no account % of %', entry_kinds[e], entry_holders[e]
                        using errcode = 'foreign_key_violation', constraint = 'entry_account';
                end if;
                tried[account_at] := tried[account_at] + entry_amounts[e];
                if tried[account_at] < 0 and entry_amounts[e] < 0
                    and entry_kinds[e] not in ('finance', 'due_from_finance')
                then
                    outcome := 'insufficient';
                    balance_fen := balances[account_at];
                    exit;
                end if;
            end loop;
        end if;
        if outcome = 'posted' then
            for e in first_entry .. last_entry - 1 loop
                account_at := array_position(names, entry_holders[e] || ':' || entry_kinds[e]);
                balances[account_at] := balances[account_at] + entry_amounts[e];
                versions[account_at] := versions[account_at] + 1;
                new_entries := new_entries || e;
                new_versions := new_versions || versions[account_at];
                new_balances := new_balances || balances[account_at];
                balance_fen := coalesce(balance_fen, balances[account_at]);
            end loop;
            new_positions := new_positions || position;
            known_keys := known_keys || idempotency_keys[position];
            known_ids := known_ids || transfer_ids[position];
        end if;
        first_entry := last_entry;
        return next;
    end loop;

    if cardinality(new_positions) > 0 then
        with posted as (
            insert into transfer (transfer_id, idempotency_key, kind, street, cause_id, actor, posted_at)
            select transfer_ids[p], idempotency_keys[p], kinds[p], streets[p], cause_ids[p], actors[p], at
            from unnest(new_positions) as p
        )
        insert into entry (holder, kind, version, transfer_id, amount_fen, balance_after_fen, posted_at)
        select entry_holders[n.e], entry_kinds[n.e], n.version, transfer_ids[entry_positions[n.e]],
            entry_amounts[n.e], n.balance, at
        from unnest(new_entries, new_versions, new_balances) as n (e, version, balance);
    end if;
end
$$;

-- Row-level security, for the owner as well: the functions above run as the owner, in the caller's context.
alter table reserve enable row level security, force row level security;
alter table account enable row level security, force row level security;
alter table transfer enable row level security, force row level security;
alter table entry enable row level security, force row level security;
create policy reserve_seen on reserve for select using (sees_street(street));
create policy reserve_kept on reserve for insert with check (current_setting('app.scope', true) = 'service');
create policy account_seen on account for select using (sees_street(holder));
create policy account_kept on account for insert with check (current_setting('app.scope', true) = 'service');
-- A lock counts as an update; the trigger above refuses a real one.
create policy account_locked on account for update using (handles_street(holder));
create policy transfer_seen on transfer for select using (sees_street(street));
create policy transfer_posted on transfer for insert with check (handles_street(street));
create policy entry_seen on entry for select using (sees_street(holder));
create policy entry_posted on entry for insert with check (handles_street(holder));

grant select on reserve, account, transfer, entry to {app};
revoke execute on function lock_reserve, post_transfers from public;
grant execute on function lock_reserve, post_transfers to {app};
