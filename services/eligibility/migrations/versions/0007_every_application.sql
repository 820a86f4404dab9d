-- One verification serves every application of the same persons for six months. The same facts are assessed once for each
-- of them: a second application was left without an answer.
alter table assessment drop constraint assessment_once;
alter table assessment add constraint assessment_once
    unique nulls not distinct (application_id, verification_id, revision, household_change_id);
