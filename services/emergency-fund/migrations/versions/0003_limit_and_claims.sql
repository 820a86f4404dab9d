drop function granted_for_incident(uuid, text, date, integer, boolean);

-- What the same household already has, or has been promised, within so many days of an incident, or asked for within so
-- many days: whatever the cause was called and whenever it is said to have happened, for neither words nor dates that a
-- clerk types are a way round the limit. Where the incident is said to be another one, what happened on the same
-- day or from the same cause. A plan counts whole, less what was stopped of it. What was returned in full was not given:
-- a household that was paid by mistake, or did not need the money, must find help open when the next need comes. Of what
-- was returned in part the whole counts, as the household was helped. A homeless person who was identified and the
-- household that they are in count as one. Counts every street, whoever asks, and tells the sum only. Holds a lock on
-- the household until the transaction ends, so that two requests at once cannot both overlook the other. Whoever joins
-- two households holds both locks; a request that waited for it finds another household to be counted as, and locks that.
create function granted_for_incident(
    of_household uuid, of_cause text, happened_on date, asked_on date, within_days integer, is_separate boolean
) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    granted_fen bigint;
    counted uuid;
begin
    loop
        counted := counted_as(of_household);
        perform pg_advisory_xact_lock(hashtextextended('incidents of ' || counted, 0));
        exit when counted is not distinct from counted_as(of_household);
    end loop;
    select coalesce(sum(amount_fen), 0) - coalesce(sum((
        select sum(amount_fen) from grant_stage
        where grant_stage.grant_id = emergency_grant.grant_id and grant_stage.state = 'stopped'
    )), 0) into granted_fen
    from emergency_grant
    where household_id in (select counted_with(of_household))
        and state not in ('refused', 'returned')
        and (
            abs(occurred_on - happened_on) <= within_days
            or (requested_at at time zone 'Asia/Shanghai')::date >= asked_on - within_days
        )
        and (not is_separate or occurred_on = happened_on or cause = of_cause);
    return granted_fen;
end
$$;
revoke execute on function granted_for_incident from public;
grant execute on function granted_for_incident to {app};

-- At the end of the transaction: a correcting transfer belongs to a correction that somebody confirmed, and its grant is
-- where its money now says. What was objected to after it was paid at once stays so while it is asked back.
create or replace function check_correction_confirmed() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    of_grant emergency_grant;
    moved record;
begin
    if not exists (
        select from correction where correction_id = new.cause_id and transfer_id = new.transfer_id
    ) then
        raise exception 'transfer % corrects and no second person confirmed it', new.transfer_id
            using errcode = 'check_violation', constraint = 'correction_is_confirmed';
    end if;
    select emergency_grant.* into of_grant
    from correction join emergency_grant using (grant_id) where correction_id = new.cause_id;
    select * into moved from moved_for_grant(of_grant.grant_id);
    if moved.recoverable_fen <> 0 and of_grant.state not in ('paid', 'recovering', 'objected')
        or moved.recoverable_fen = 0 and of_grant.state = 'recovering'
        or ((moved.cash_fen, moved.recoverable_fen) = (0, 0)) <> (of_grant.state = 'returned')
    then
        raise exception 'grant % is still % after transfer %', of_grant.grant_id, of_grant.state, new.transfer_id
            using errcode = 'check_violation', constraint = 'grant_follows_correction';
    end if;
    return null;
end
$$;
