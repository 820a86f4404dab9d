-- What a delivery said of people has served its purpose some days after the next one counts (Personal Information
-- Protection Law art. 19). That it was delivered, and how many rows, stays.
alter table batch
    add column erased_at timestamptz,
    add check (erased_at is null or superseded_at is not null);

-- A part that was joined stays as long as it counts. Long readers of register_record go first: the one who waits for them
-- would hold up everybody who comes after it, so it gives up and tries again.
create or replace function drop_batch_part(batch uuid) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '500ms'
as $$
begin
    if public.caller_scope() is distinct from 'service' then
        raise exception 'batches are loaded by the service itself' using errcode = 'insufficient_privilege';
    end if;
    if exists (select from pg_inherits where inhrelid = to_regclass('public.' || public.batch_part(batch)))
        and not exists (
            select from public.batch as delivered
            where delivered.batch_id = drop_batch_part.batch and delivered.superseded_at is not null
        )
    then
        raise exception 'the records of batch % count', batch using errcode = 'restrict_violation';
    end if;
    execute format('drop table if exists public.%I', public.batch_part(batch));
end
$$;
