"""核对报告: who was checked, under whose letters, what each department said, how long it holds (1.2, 12.3.1).

Masked for everybody but who may see names and numbers of this case; that look is on the access ledger as such.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.access_ledger import purpose_of
from data_sharing.handlers.looking import Look, is_own, settle
from data_sharing.handlers.persons import MEMBER_NAME_FIELD, NUMBER_FIELD
from data_sharing.handlers.refusals import refused
from data_sharing.queries.answers import findings_beside
from data_sharing.queries.cases import Case, case_of_application, member_names
from data_sharing.queries.letters import letters_of_household
from data_sharing.queries.verifications import newest_report, verification_view
from data_sharing.rules.authorisation import Refusal
from data_sharing.rules.catalogue import DECLARATION_FIELD, IDENTITY_FIELDS, Catalogue
from data_sharing.rules.verification import conclusion
from data_sharing.schemas.reports import ReportedLetter, ReportedPerson, ReportView
from data_sharing.tables.persons import person
from data_sharing.tables.verifications import verification_member
from shared.auth import Principal
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.identity import mask_identity_number, mask_name
from shared.problems import Problem, not_found

LEGAL_BASIS = ("社会救助法第四十一条", "社会救助家庭经济状况核对办法（民发〔2021〕57号）第十七条")
UNMASK_SCOPE = "unmask"
"""`unmask:<application>` in the scope of a token: names and numbers in full, of this case alone."""


async def read_report(
    database: Database,
    caller: Principal,
    application_id: UUID,
    *,
    masked: bool,
    catalogue: Catalogue,
    cipher: FieldCipher,
    clock: Clock,
) -> ReportView:
    """The report of an application. Raises Problem 403 `unmask_not_permitted`, 404 and 409 `not_completed`."""
    now, what = clock.now(), ("申请的核对", application_id)
    async with database.transaction() as tx:
        case = await case_of_application(tx, application_id)
        if case is None:
            raise not_found(*what)
        problem: Problem | None = None
        if not (masked and is_own(case, caller)):
            identity = () if masked else IDENTITY_FIELDS
            look = Look(
                case=case,
                purpose=purpose_of(caller, "case_handling"),
                fields=(DECLARATION_FIELD, *identity, *catalogue.field_paths(case.data_sets)),
                refusal=_refusal(case, caller, masked=masked),
            )
            problem = await settle(tx, look, caller, what=what, now=now)
    if problem is not None:
        raise problem
    async with database.transaction() as tx:
        return await _report(tx, case, masked=masked, catalogue=catalogue, cipher=cipher, now=now)


def _refusal(case: Case, caller: Principal, *, masked: bool) -> Refusal | None:
    if not is_own(case, caller) and not caller.may_see_street(case.street):
        return "out_of_scope"
    if not masked and f"{UNMASK_SCOPE}:{case.application_id}" not in caller.scopes:
        return "unmask_not_permitted"
    return "not_completed" if case.state != "completed" else None


async def _report(
    tx: AsyncConnection, case: Case, *, masked: bool, catalogue: Catalogue, cipher: FieldCipher, now: datetime
) -> ReportView:
    newest = await newest_report(tx, case.application_id)
    if newest is None or case.valid_until is None:
        raise refused("not_completed", ("申请的核对", case.application_id))
    beside = await findings_beside(tx, case, catalogue)
    view = await verification_view(tx, case, catalogue, obligors=(), beside=beside, now=now)
    names = await member_names(tx, case.verification_id, case.refs)
    persons = (
        await tx.execute(
            sa.select(verification_member, person.c.identity_number)
            .join(person, person.c.person_id == verification_member.c.person_id)
            .where(verification_member.c.verification_id == case.verification_id)
            .order_by(sa.func.length(verification_member.c.ref), verification_member.c.ref)
        )
    ).all()
    refs = {row.person_id: names[row.ref] for row in persons}
    letters = await letters_of_household(tx, case.household_id, now=now)
    show_name = mask_name if masked else str
    show_number = mask_identity_number if masked else str
    return ReportView(
        report_number=f"{case.verification_id}/{newest.revision}",
        application_id=case.application_id,
        street=case.street,
        legal_basis=list(LEGAL_BASIS),
        purpose=catalogue.purpose_title("verification"),
        is_masked=masked,
        persons=[
            ReportedPerson(
                ref=names[row.ref],
                name=show_name(cipher.decrypt(row.name, field=MEMBER_NAME_FIELD)),
                identity_number=row.identity_number
                and show_number(cipher.decrypt(row.identity_number, field=NUMBER_FIELD)),
                is_adult=row.is_adult,
            )
            for row in persons
        ],
        letters=[
            ReportedLetter(
                authorisation_id=letter.authorisation_id,
                signer=refs[letter.person_id],
                is_by_guardian=letter.is_by_guardian,
                signed_on=letter.signed_on,
                valid_until=letter.valid_until,
            )
            for letter in letters
            if letter.capacity == "member" and letter.person_id in refs and letter.state != "replaced"
        ],
        checked_from=view.opened_at,
        checked_until=newest.completed_at,
        valid_until=case.valid_until,
        is_valid=case.valid_until > now,
        departments=view.departments,
        differences=view.differences,
        findings=view.findings,
        conclusion=conclusion(
            is_partial=view.is_partial,
            differs=bool(view.differences) or any(finding.unexpected for finding in view.findings),
        ),
        objections=view.objections,
    )
