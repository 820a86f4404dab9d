"""The callers that several endpoints admit."""

from typing import Annotated

from fastapi import Depends

from shared.auth import OVERSEERS, STAFF, Principal, Role, require

Reader = Annotated[Principal, Depends(require(Role.RESIDENT, *STAFF, *OVERSEERS))]
Staff = Annotated[Principal, Depends(require(*STAFF))]
District = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER))]
StaffOrService = Annotated[Principal, Depends(require(*STAFF, Role.SERVICE))]
StaffOrOverseer = Annotated[Principal, Depends(require(*STAFF, *OVERSEERS))]
Clerk = Annotated[Principal, Depends(require(Role.STREET_CLERK))]
SecondOfficer = Annotated[Principal, Depends(require(Role.STREET_APPROVER, Role.DISTRICT_OFFICER))]
Anyone = Annotated[Principal, Depends(require(*Role))]
DistrictOfficer = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER))]
DistrictReader = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, *OVERSEERS))]
Overseer = Annotated[Principal, Depends(require(*OVERSEERS))]
