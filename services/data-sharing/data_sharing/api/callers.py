"""The roles that callers need, and what handlers are given."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from data_sharing.handlers.batch_files import BatchFiles
from data_sharing.handlers.snapshots import Snapshots
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.comparisons import Comparison
from data_sharing.rules.snapshot import CONSUMER
from shared.auth import OVERSEERS, STAFF, Principal, Role, require
from shared.crypto import FieldCipher
from shared.problems import plain_problem

Anyone = Annotated[Principal, Depends(require(*Role))]
Service = Annotated[Principal, Depends(require(Role.SERVICE))]
CaseReader = Annotated[Principal, Depends(require(Role.RESIDENT, *STAFF, *OVERSEERS))]
AgreementAsker = Annotated[Principal, Depends(require(Role.DEPARTMENT_OFFICER, Role.DISTRICT_OFFICER))]
AgreementDecider = Annotated[Principal, Depends(require(Role.DEPARTMENT_OFFICER))]
AgreementReader = Annotated[
    Principal, Depends(require(Role.SERVICE, Role.DEPARTMENT_OFFICER, Role.DISTRICT_OFFICER, *OVERSEERS))
]
CaseHandler = Annotated[Principal, Depends(require(Role.RESIDENT, Role.STREET_CLERK))]
Clerk = Annotated[Principal, Depends(require(Role.STREET_CLERK))]
LetterReader = Annotated[Principal, Depends(require(Role.RESIDENT, *STAFF, *OVERSEERS))]
Renewer = Annotated[Principal, Depends(require(Role.STREET_CLERK, Role.SERVICE))]
LedgerReader = Annotated[Principal, Depends(require(Role.RESIDENT, *OVERSEERS))]
BatchReader = Annotated[Principal, Depends(require(Role.SERVICE, Role.DISTRICT_OFFICER, *OVERSEERS))]
RegistryReader = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, *OVERSEERS))]
LeadSender = Annotated[Principal, Depends(require(Role.SERVICE, Role.DEPARTMENT_OFFICER, Role.STREET_CLERK))]
LeadReader = Annotated[
    Principal, Depends(require(Role.STREET_CLERK, Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER, *OVERSEERS))
]
LeadFollower = Annotated[Principal, Depends(require(Role.STREET_CLERK, Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER))]
LeadHandler = Annotated[Principal, Depends(require(Role.STREET_CLERK, Role.DISTRICT_OFFICER))]
ComparisonReader = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, *OVERSEERS))]
SnapshotReader = Annotated[Principal, Depends(require(Role.SERVICE, Role.DISTRICT_OFFICER))]
DistrictOfficer = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER))]
IndicatorReader = Annotated[Principal, Depends(require(*STAFF, *OVERSEERS, Role.OPS))]


async def _comparisons(request: Request) -> Mapping[str, Comparison]:
    comparisons: Mapping[str, Comparison] = request.app.state.comparisons
    return comparisons


def only_screening(caller: Principal) -> None:
    """Raises Problem 403 for a service that does not screen."""
    if Role.SERVICE in caller.roles and caller.client_id != CONSUMER:
        raise plain_problem(403, detail="人口快照只提供给筛查服务")


async def _snapshots(request: Request) -> Snapshots:
    snapshots: Snapshots = request.app.state.snapshots
    return snapshots


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


async def _cipher(request: Request) -> FieldCipher:
    cipher: FieldCipher = request.app.state.cipher
    return cipher


async def _files(request: Request) -> BatchFiles:
    files: BatchFiles = request.app.state.files
    return files


ComparisonsDep = Annotated[Mapping[str, Comparison], Depends(_comparisons)]
SnapshotsDep = Annotated[Snapshots, Depends(_snapshots)]
CatalogueDep = Annotated[Catalogue, Depends(_catalogue)]
CipherDep = Annotated[FieldCipher, Depends(_cipher)]
FilesDep = Annotated[BatchFiles, Depends(_files)]
