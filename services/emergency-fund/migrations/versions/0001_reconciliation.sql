-- Reconciliation with the bank (clause 4.3.4): the account of each reserve, its statements, and which line is which
-- transfer. All of it is append only; a match that was wrong is ended, with a reason, and stays.

-- At which account the money of a reserve lies, and from which day on it is reconciled.
create table reserve_account (
    street text not null,
    account_number text not null,
    since date not null,
    registered_by text not null,
    registered_at timestamptz not null,
    constraint reserve_account_pkey primary key (street),
    constraint reserve_account_street foreign key (street) references reserve (street),
    constraint reserve_account_of_one_street unique (account_number),
    constraint reserve_account_both unique (street, account_number),
    constraint reserve_account_number check (account_number ~ '^[0-9A-Z]{8,34}$')
);

-- Nothing of counterparties, nor of the words of a line but the ids that they name, is ever kept.
create table bank_statement (
    statement_id uuid not null,
    street text not null,
    account_number text not null,
    format text not null,
    content_sha256 bytea not null,  -- of the file and of what its bringer says that it covers
    first_day date not null,
    last_day date not null,  -- counted
    opening_fen bigint not null,
    closing_fen bigint not null,
    line_count integer not null,
    matched_at_import integer not null,
    missing_days_before integer not null,  -- that no statement covered then, back to the one before or to `since`
    imported_by text not null,
    imported_at timestamptz not null,
    constraint bank_statement_pkey primary key (statement_id),
    constraint bank_statement_once unique (street, content_sha256),
    -- No statement of another street's account.
    constraint bank_statement_account foreign key (street, account_number)
        references reserve_account (street, account_number),
    constraint bank_statement_format check (format in ('csv', 'camt_053')),
    constraint bank_statement_days check (first_day <= last_day),
    constraint bank_statement_counts check (matched_at_import between 0 and line_count and missing_days_before >= 0),
    -- No day of a street stands in two statements. Street and day are one number, so that no extension is needed.
    constraint bank_statement_no_overlap exclude using gist (
        int8range(
            street::bigint * 1000000 + (first_day - date '2000-01-01'),
            street::bigint * 1000000 + (last_day - date '2000-01-01'), '[]'
        ) with &&
    )
);
create index bank_statement_street on bank_statement (street, first_day);

create table bank_line (
    line_id uuid not null,
    statement_id uuid not null,
    street text not null,
    number integer not null,  -- of the line or entry in the file
    booked_on date not null,
    amount_fen bigint not null,  -- in (+) or out (-)
    serial text not null,
    refs text[] not null,  -- ends of ids of grants and transfers that the line names
    constraint bank_line_pkey primary key (line_id),
    constraint bank_line_statement foreign key (statement_id) references bank_statement (statement_id),
    constraint bank_line_number unique (statement_id, number),
    constraint bank_line_amount check (amount_fen <> 0)
);
create index bank_line_street on bank_line (street, booked_on);

create table bank_match (
    match_id uuid not null,
    street text not null,
    line_id uuid not null,
    basis text not null,
    made_by text,  -- null: by rule
    reason text,
    made_at timestamptz not null,
    ended_by text,
    ended_reason text,
    ended_at timestamptz,
    constraint bank_match_pkey primary key (match_id),
    constraint bank_match_line foreign key (line_id) references bank_line (line_id),
    constraint bank_match_basis check (basis in ('reference', 'unique', 'officer')),
    constraint bank_match_by_officer check (
        (basis = 'officer') = (made_by is not null) and (made_by is null) = (reason is null)
    ),
    constraint bank_match_ended check (
        (ended_at is null) = (ended_by is null) and (ended_at is null) = (ended_reason is null)
    )
);
create unique index bank_match_line_once on bank_match (line_id) where ended_at is null;
create index bank_match_street on bank_match (street);

create table bank_match_transfer (
    match_id uuid not null,
    transfer_id uuid not null,
    street text not null,
    ended_at timestamptz,  -- follows the match
    constraint bank_match_transfer_pkey primary key (match_id, transfer_id),
    constraint bank_match_transfer_match foreign key (match_id) references bank_match (match_id),
    constraint bank_match_transfer_transfer foreign key (transfer_id) references transfer (transfer_id)
);
create unique index bank_match_transfer_once on bank_match_transfer (transfer_id) where ended_at is null;

-- What was told to oversight: a line or a transfer whose other side was missing after its days of grace.
create table bank_difference (
    difference_id uuid not null,
    street text not null,
    line_id uuid,
    transfer_id uuid,
    amount_fen bigint not null,
    occurred_on date not null,
    found_at timestamptz not null,
    resolved_at timestamptz,
    constraint bank_difference_pkey primary key (difference_id),
    constraint bank_difference_side check (num_nonnulls(line_id, transfer_id) = 1),
    constraint bank_difference_line foreign key (line_id) references bank_line (line_id),
    constraint bank_difference_transfer foreign key (transfer_id) references transfer (transfer_id)
);
create unique index bank_difference_line_once on bank_difference (line_id) where resolved_at is null;
create unique index bank_difference_transfer_once on bank_difference (transfer_id) where resolved_at is null;
create index bank_difference_open on bank_difference (street) where resolved_at is null;

-- The lines of a statement come in one piece with it: as many as it says, in its days and of its street, leading from
-- the opening to the closing balance. Another line later would not.
create function check_statement_adds_up(of_statement uuid) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
    said bank_statement;
    found record;
begin
    select * into said from bank_statement where statement_id = of_statement;
    select count(*) as line_count, coalesce(sum(amount_fen), 0) as sum_fen,
        coalesce(bool_and(street = said.street and booked_on between said.first_day and said.last_day), true) as fits
    into found from bank_line where statement_id = of_statement;
    if not found.fits or found.line_count <> said.line_count
        or said.opening_fen + found.sum_fen <> said.closing_fen
    then
        raise exception 'the lines of statement % do not come to it', of_statement
            using errcode = 'check_violation', constraint = 'bank_statement_adds_up';
    end if;
end
$$;

create function check_statement() returns trigger language plpgsql as $$
begin
    perform check_statement_adds_up(new.statement_id);
    return null;
end
$$;
create constraint trigger bank_statement_adds_up after insert on bank_statement
    deferrable initially deferred for each row execute function check_statement();

create function check_lines() returns trigger language plpgsql as $$
begin
    perform check_statement_adds_up(statement_id) from (select distinct statement_id from added) as touched;
    return null;
end
$$;
create trigger bank_line_adds_up after insert on bank_line referencing new table as added
    for each statement execute function check_lines();

-- At the end of the transaction: a line is what its transfers are, to the fen, on one street.
create function check_match() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    of_match uuid := new.match_id;
begin
    if not exists (
        select from bank_match
            join bank_line using (line_id)
        where match_id = of_match and bank_line.street = bank_match.street
            and bank_line.amount_fen = (
                select sum(transfer.cash_fen) from bank_match_transfer
                    join transfer using (transfer_id)
                where bank_match_transfer.match_id = of_match and transfer.street = bank_match.street
                    and bank_match_transfer.street = bank_match.street and transfer.cash_fen <> 0
                having count(*) = (select count(*) from bank_match_transfer where match_id = of_match)
            )
    ) then
        raise exception 'match % does not come to its line', of_match
            using errcode = 'check_violation', constraint = 'bank_match_adds_up';
    end if;
    return null;
end
$$;
create constraint trigger bank_match_adds_up after insert on bank_match
    deferrable initially deferred for each row execute function check_match();
create constraint trigger bank_match_transfer_adds_up after insert on bank_match_transfer
    deferrable initially deferred for each row execute function check_match();

-- A match ends once, and its transfers are free with it. Nobody writes that by hand.
create function end_match() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if old.ended_at is not null then
        raise exception 'match % has ended', old.match_id
            using errcode = 'restrict_violation', constraint = 'bank_match_ended_once';
    end if;
    update bank_match_transfer set ended_at = new.ended_at where match_id = new.match_id;
    return null;
end
$$;
create trigger bank_match_ends after update on bank_match for each row execute function end_match();

create function refuse_other_difference() returns trigger language plpgsql as $$
begin
    raise exception 'difference % was resolved', old.difference_id
        using errcode = 'restrict_violation', constraint = 'bank_difference_resolved_once';
end
$$;
create trigger bank_difference_resolved before update on bank_difference
    for each row when (old.resolved_at is not null) execute function refuse_other_difference();

create trigger reserve_account_append_only before update or delete or truncate on reserve_account
    for each statement execute function refuse_change();
create trigger bank_statement_append_only before update or delete or truncate on bank_statement
    for each statement execute function refuse_change();
create trigger bank_line_append_only before update or delete or truncate on bank_line
    for each statement execute function refuse_change();
create trigger bank_match_stays before delete or truncate on bank_match
    for each statement execute function refuse_change();
create trigger bank_match_transfer_stays before delete or truncate on bank_match_transfer
    for each statement execute function refuse_change();
create trigger bank_difference_stays before delete or truncate on bank_difference
    for each statement execute function refuse_change();

alter table reserve_account enable row level security, force row level security;
alter table bank_statement enable row level security, force row level security;
alter table bank_line enable row level security, force row level security;
alter table bank_match enable row level security, force row level security;
alter table bank_match_transfer enable row level security, force row level security;
alter table bank_difference enable row level security, force row level security;
create policy reserve_account_seen on reserve_account for select using (array['*', street] && (select seen_streets()));
create policy reserve_account_registered on reserve_account for insert with check (array['*', street] && (select handled_streets()));
create policy bank_statement_seen on bank_statement for select using (array['*', street] && (select seen_streets()));
create policy bank_statement_imported on bank_statement for insert with check (array['*', street] && (select handled_streets()));
create policy bank_line_seen on bank_line for select using (array['*', street] && (select seen_streets()));
create policy bank_line_imported on bank_line for insert with check (array['*', street] && (select handled_streets()));
create policy bank_match_seen on bank_match for select using (array['*', street] && (select seen_streets()));
create policy bank_match_made on bank_match for insert with check (array['*', street] && (select handled_streets()));
create policy bank_match_ended on bank_match for update using (array['*', street] && (select handled_streets()));
create policy bank_match_transfer_seen on bank_match_transfer for select using (array['*', street] && (select seen_streets()));
create policy bank_match_transfer_made on bank_match_transfer for insert with check (array['*', street] && (select handled_streets()));
create policy bank_match_transfer_ended on bank_match_transfer for update using (array['*', street] && (select handled_streets()));
create policy bank_difference_seen on bank_difference for select using (array['*', street] && (select seen_streets()));
create policy bank_difference_found on bank_difference for insert with check (array['*', street] && (select handled_streets()));
create policy bank_difference_resolved on bank_difference for update using (array['*', street] && (select handled_streets()));

grant select, insert on reserve_account, bank_statement, bank_line, bank_match, bank_match_transfer, bank_difference
    to {app};
grant update (ended_by, ended_reason, ended_at) on bank_match to {app};
grant update (resolved_at) on bank_difference to {app};
