-- Whether officers know who applied. Somebody who applies for a household for which others applied before sees nothing of
-- it until they are granted something: a login proves nothing about who it is.
alter table application add applicant_is_known boolean not null default false;
select act_as_service();
update application set applicant_is_known = decided_at is not null or not exists (
    select from application as before
    where before.household_id = application.household_id and before.submitted_at < application.submitted_at
        and before.applicant_subject is distinct from application.applicant_subject
);
drop policy scope on application;
create policy scope on application
    using (
        array['*', street] && (select seen_streets())
        or applicant_subject = (select seen_subject()) and applicant_is_known
    )
    with check ((select caller_scope()) = 'service');
