-- The ledger. Append only, one row a transfer: what it adds to each account, and the balances after it. There is no
-- stored balance that could differ from its entries: the balances of a street are what its last row says. All that must
-- hold of money is held here, against any client, at the end of each statement.

-- Who may handle the rows of which streets: '*' is every street.
create function handled_streets() returns text[] stable parallel restricted
    return case caller_scope()
        when 'service' then array['*']
        when 'streets' then caller_streets()
        when 'district' then caller_streets()
    end;

-- Who may see and who may handle the rows of a street. For single questions: a policy, which is asked for each row,
-- says the same with a query, which is answered once in a statement.
create function sees_street(street text) returns boolean stable parallel restricted
    return array['*', street] && seen_streets();
create function handles_street(street text) returns boolean stable parallel restricted
    return array['*', street] && handled_streets();

-- A street reserve and its float: what cash and claims together must come to. Its row is what a posting locks.
create table reserve (
    street text not null,
    float_fen bigint not null,
    -- The first instant that no closed fiscal year holds: nothing is posted before it.
    open_from timestamptz not null default '2022-01-01 00:00+08',
    constraint reserve_pkey primary key (street),
    constraint reserve_street check (street ~ '^420106\d{3}$'),
    constraint reserve_float_fen check (float_fen > 0)
);

-- Accounts of the street: cash; advances (paid, papers missing); documented (paid, papers complete, not yet refilled);
-- due_from_finance (below zero: refilled ahead of the papers); recoverable. Accounts of the district, each with what it
-- has for this street: finance (below zero: paid out), refilled_expense, written_off.
create table transfer (
    street text not null,
    version bigint not null,  -- its place among the transfers of the street
    transfer_id uuid not null,
    kind text not null,
    cause_id uuid,  -- the grant, its stage, the replenishment or the correction; null: the pre-set float
    actor text not null,
    posted_at timestamptz not null,
    -- More (+) or less (-) on each account.
    cash_fen bigint not null,
    advances_fen bigint not null,
    documented_fen bigint not null,
    due_from_finance_fen bigint not null,
    recoverable_fen bigint not null,
    finance_fen bigint not null,
    refilled_expense_fen bigint not null,
    written_off_fen bigint not null,
    cash_after_fen bigint not null,
    advances_after_fen bigint not null,
    documented_after_fen bigint not null,
    due_from_finance_after_fen bigint not null,
    recoverable_after_fen bigint not null,
    finance_after_fen bigint not null,
    refilled_expense_after_fen bigint not null,
    written_off_after_fen bigint not null,
    float_fen bigint not null,
    corrects uuid,  -- the transfer that a correction corrects; that it is there is held by check_correction
    constraint transfer_pkey primary key (street, version),
    constraint transfer_transfer_id unique (transfer_id),
    constraint transfer_once_per_cause unique (cause_id, kind),
    constraint transfer_street foreign key (street) references reserve (street),
    constraint transfer_version check (version >= 1),
    constraint transfer_cause check ((kind = 'preset') = (cause_id is null)),
    constraint transfer_corrects check (
        (kind in ('reversal', 'claim', 'recovery', 'write_off')) = (corrects is not null)
    ),
    constraint transfer_sums_to_zero check (
        cash_fen + advances_fen + documented_fen + due_from_finance_fen + recoverable_fen
        + finance_fen + refilled_expense_fen + written_off_fen = 0
    ),
    constraint transfer_equals_float check (
        cash_after_fen + advances_after_fen + documented_after_fen + due_from_finance_after_fen + recoverable_after_fen
        = float_fen
    ),
    constraint transfer_not_overdrawn check (
        least(cash_after_fen, advances_after_fen, documented_after_fen, recoverable_after_fen) >= 0
    ),
    -- Cash rises above the float by money that comes back after finance has refilled it, and by nothing else. A refill
    -- is held to what was missing when it was asked for: see replenishment_of_what_is_missing.
    constraint transfer_not_above_float check (
        cash_after_fen <= float_fen or cash_fen <= 0 or kind in ('refill', 'reversal', 'recovery')
    ),
    -- Each kind of transfer moves money its own way and no other.
    constraint transfer_kind check (
        case kind
            when 'preset' then version = 1 and cash_fen > 0 and finance_fen = -cash_fen
                and (advances_fen, documented_fen, due_from_finance_fen, recoverable_fen) = (0, 0, 0, 0)
                and (refilled_expense_fen, written_off_fen) = (0, 0)
            when 'payment' then cash_fen < 0 and (advances_fen, documented_fen) in ((-cash_fen, 0), (0, -cash_fen))
                and (due_from_finance_fen, recoverable_fen, finance_fen) = (0, 0, 0)
                and (refilled_expense_fen, written_off_fen) = (0, 0)
            when 'settlement' then advances_fen < 0 and due_from_finance_fen >= 0
                and (cash_fen, recoverable_fen, finance_fen, refilled_expense_fen, written_off_fen) = (0, 0, 0, 0, 0)
            when 'refill' then cash_fen > 0 and finance_fen = -cash_fen and refilled_expense_fen = cash_fen
                and documented_fen <= 0 and (advances_fen, recoverable_fen, written_off_fen) = (0, 0, 0)
            -- What is taken back leaves the advances, or what is documented, and only then what finance has refilled.
            when 'reversal' then cash_fen > 0 and advances_fen in (0, -cash_fen)
                and documented_fen <= 0 and due_from_finance_fen <= 0
                and (due_from_finance_fen = 0 or documented_after_fen = 0)
                and (recoverable_fen, finance_fen, refilled_expense_fen, written_off_fen) = (0, 0, 0, 0)
            when 'claim' then recoverable_fen > 0 and advances_fen in (0, -recoverable_fen)
                and documented_fen <= 0 and due_from_finance_fen <= 0
                and (due_from_finance_fen = 0 or documented_after_fen = 0)
                and (cash_fen, finance_fen, refilled_expense_fen, written_off_fen) = (0, 0, 0, 0)
            when 'recovery' then cash_fen > 0 and recoverable_fen = -cash_fen
                and (advances_fen, documented_fen, due_from_finance_fen) = (0, 0, 0)
                and (finance_fen, refilled_expense_fen, written_off_fen) = (0, 0, 0)
            when 'write_off' then recoverable_fen < 0 and due_from_finance_fen >= 0
                and written_off_fen = -recoverable_fen and refilled_expense_fen = recoverable_fen
                and (cash_fen, advances_fen, finance_fen) = (0, 0, 0)
            else false
        end
    )
);
create index transfer_posted_at on transfer (street, posted_at);
create index transfer_corrected on transfer (corrects) where corrects is not null;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append only: correct a posting by a new one that names it', tg_table_name
        using errcode = 'restrict_violation';
end
$$;
create trigger transfer_append_only before update or delete or truncate on transfer
    for each statement execute function refuse_change();

-- Each transfer follows the one before it on its street: the next version, not earlier, its balances are those before
-- plus what it moves, and the float is the reserve's. The row before is found by its key, whatever the table holds.
create function check_transfers_follow() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    before transfer;
    after record;
    reserve_float_fen bigint;
    open_from timestamptz;
begin
    for after in select * from added order by street, version loop
        if before.street is distinct from after.street then
            select * into before from transfer where street = after.street and version = after.version - 1;
            if not found then
                before := null;
                before.street := after.street;
                before.version := 0;
                before.posted_at := '-infinity';
                before.cash_after_fen := 0;
                before.advances_after_fen := 0;
                before.documented_after_fen := 0;
                before.due_from_finance_after_fen := 0;
                before.recoverable_after_fen := 0;
                before.finance_after_fen := 0;
                before.refilled_expense_after_fen := 0;
                before.written_off_after_fen := 0;
            end if;
            select reserve.float_fen, reserve.open_from into reserve_float_fen, open_from
            from reserve where street = after.street;
        end if;
        -- The foreign key has this row wait for a closing that is under way, so that this read knows of it.
        if after.posted_at < open_from then
            raise exception 'transfer % of street % is dated in a closed year', after.version, after.street
                using errcode = 'check_violation', constraint = 'transfer_in_open_year';
        end if;
        if after.version <> before.version + 1
            or after.posted_at < before.posted_at
            or after.float_fen is distinct from reserve_float_fen
            or after.cash_after_fen <> before.cash_after_fen + after.cash_fen
            or after.advances_after_fen <> before.advances_after_fen + after.advances_fen
            or after.documented_after_fen <> before.documented_after_fen + after.documented_fen
            or after.due_from_finance_after_fen <> before.due_from_finance_after_fen + after.due_from_finance_fen
            or after.recoverable_after_fen <> before.recoverable_after_fen + after.recoverable_fen
            or after.finance_after_fen <> before.finance_after_fen + after.finance_fen
            or after.refilled_expense_after_fen <> before.refilled_expense_after_fen + after.refilled_expense_fen
            or after.written_off_after_fen <> before.written_off_after_fen + after.written_off_fen
        then
            raise exception 'transfer % of street % does not follow the one before', after.version, after.street
                using errcode = 'check_violation', constraint = 'transfer_follows';
        end if;
        before := after;
    end loop;
    return null;
end
$$;
create trigger transfer_1_follows after insert on transfer referencing new table as added
    for each statement execute function check_transfers_follow();

-- Locks reserves until the transaction ends, and then reads what each last transfer left. Streets that are no reserve,
-- or that the caller does not handle, are left out.
create function lock_reserves(of_streets text[]) returns table (
    street text, float_fen bigint, open_from timestamptz, version bigint, posted_at timestamptz,
    cash_fen bigint, advances_fen bigint, documented_fen bigint, due_from_finance_fen bigint,
    recoverable_fen bigint, finance_fen bigint, refilled_expense_fen bigint, written_off_fen bigint
) language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform from reserve where street = any (of_streets) order by street for no key update;
    -- A later statement, so that it sees what the lock waited for.
    return query
        select reserve.street, reserve.float_fen, reserve.open_from, coalesce(last.version, 0), last.posted_at,
            coalesce(last.cash_after_fen, 0),
            coalesce(last.advances_after_fen, 0),
            coalesce(last.documented_after_fen, 0),
            coalesce(last.due_from_finance_after_fen, 0),
            coalesce(last.recoverable_after_fen, 0),
            coalesce(last.finance_after_fen, 0),
            coalesce(last.refilled_expense_after_fen, 0),
            coalesce(last.written_off_after_fen, 0)
        from reserve
            left join lateral (
                select * from transfer where transfer.street = reserve.street order by version desc limit 1
            ) as last on true
        where reserve.street = any (of_streets) and handles_street(reserve.street);
end
$$;

-- Row-level security, for the owner as well: the function above runs as the owner, in the caller's context.
alter table reserve enable row level security, force row level security;
alter table transfer enable row level security, force row level security;
create policy reserve_seen on reserve for select using (array['*', street] && (select seen_streets()));
create policy reserve_kept on reserve for insert with check ((select caller_scope()) = 'service');
-- For the lock; nobody has the right to a real update.
create policy reserve_locked on reserve for update using (array['*', street] && (select handled_streets()));
create policy transfer_seen on transfer for select using (array['*', street] && (select seen_streets()));
-- The checks of each payment are the owner's (security definer): they see every row, whoever pays, and the seal is not
-- proved anew for each of their questions.
create policy transfer_checked on transfer for select to current_user using (true);
create policy transfer_posted on transfer for insert with check (array['*', street] && (select handled_streets()));

grant select on reserve to {app};
grant select, insert on transfer to {app};
revoke execute on function lock_reserves from public;
grant execute on function lock_reserves to {app};
