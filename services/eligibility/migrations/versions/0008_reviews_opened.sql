-- A review opens a month before its day, or on the day on which a death is told: what is verified from then on can complete
-- it. Null: none is open.
alter table benefit add column review_opened_on date;
select act_as_service();
update benefit set review_opened_on = least(review_due_on - interval '1 month', current_date)
where state <> 'ended' and review_due_on is not null and not exists (
    select from deadline where kind = 'open_review' and subject = benefit_id::text
);
