-- Somebody may be a member of a household and an obligor of an earlier verification of it: a letter for each, and neither
-- replaces the other.
drop index authorisation_standing;
create unique index authorisation_standing on authorisation (household_id, person_id, capacity) where ended_at is null;

-- Who came of age by the time that a later application joins a verification signs for themselves.
grant update (is_adult) on verification_member to {app};
