"""A clerk opens the file of a household in trouble, before any application (clauses 1.5, 4.1.1)."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.handlers.application import Desk
from intake.handlers.checks import refuse_findings
from intake.handlers.persons import household_changed, identify, member_indexes, with_names
from intake.queries import persons as sealed
from intake.queries.households import known_households
from intake.queries.persons import Persons
from intake.rules.persons import file_of
from intake.schemas.household import HouseholdRegistered as HouseholdAnswer
from intake.schemas.household import HouseholdRegistration
from shared import outbox
from shared.auth import Principal, own_street
from shared.clock import local_date
from shared.database import Database
from shared.events.intake import HouseholdRegistered
from shared.idempotency import Claim, once
from shared.ids import new_id

_OPEN_FILE = sa.text("""
with opened as (
    insert into household (household_id, street, persons, registered_at)
    values (:household_id, :street, :persons, :registered_at)
), filed_member as (
    insert into household_member (identity_index, household_id)
    select member, :household_id from unnest(cast(:members as bytea[])) as member
    on conflict (identity_index) do update set household_id = excluded.household_id
    where household_member.household_id = any (cast(:known_households as uuid[]))
    returning 1
), entry as (
    insert into timeline_entry (event_id, household_id, at, kind, text)
    values (:entry_id, :household_id, :registered_at, 'household_registered', :text)
)
select count(*) from filed_member
""")
_TEXT = "街道已为您的家庭建立救助档案。急需帮助的可以先行救助，材料事后补交。"


async def register_household(
    database: Database, *, caller: Principal, registration: HouseholdRegistration, idempotency_key: str, desk: Desk
) -> HouseholdAnswer:
    """Open a file, or find the one that these persons have. Raises Problem 403, 409 or 422.

    A file that is there stays as it is, in whatever street: trouble away from home moves nobody.
    """
    own_street(caller, registration.street)
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, idempotency_key, "register_household", registration, HouseholdAnswer),
            lambda: _register(tx, registration=registration, desk=desk),
        )


async def _register(tx: AsyncConnection, *, registration: HouseholdRegistration, desk: Desk) -> HouseholdAnswer:
    now = desk.clock.now()
    persons, findings = identify(registration.members, today=local_date(now))
    refuse_findings(findings, within="body")
    members = member_indexes(persons, desk.cipher)
    known = await known_households(tx, members) if members else []
    found = file_of(frozenset(members), known)
    if found is not None:
        return HouseholdAnswer(household_id=found, is_new=False)
    household_id = new_id()
    named = Persons(members=with_names(registration.members, persons))
    filed = await tx.execute(
        _OPEN_FILE,
        {
            "household_id": household_id,
            "street": registration.street,
            "persons": sealed.seal(named, cipher=desk.cipher, column=sealed.HOUSEHOLD_PERSONS, row=household_id),
            "registered_at": now,
            "members": members,
            "known_households": [household.household_id for household in known],
            "entry_id": new_id(),
            "text": _TEXT,
        },
    )
    if filed.scalar_one() < len(members):
        raise household_changed()
    event = HouseholdRegistered(household_id=household_id, street=registration.street, member_count=len(persons))
    await outbox.record(tx, event, at=now)
    return HouseholdAnswer(household_id=household_id, is_new=True)
