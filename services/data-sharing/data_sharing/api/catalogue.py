"""Who may read the catalogue."""

from fastapi import APIRouter

from data_sharing.api.callers import Anyone, CatalogueDep
from data_sharing.schemas.catalogue import DataSetList, DataSetView, FieldView

router = APIRouter(prefix="/v1")


@router.get("/data-sets", tags=["catalogue"])
async def list_data_sets(_: Anyone, catalogue: CatalogueDep) -> DataSetList:
    """目录：各部门有哪些数据集、字段，以及每个字段核实什么。"""
    return DataSetList(
        items=[
            DataSetView(
                code=data_set.code,
                title=data_set.title,
                department=data_set.department,
                department_title=catalogue.departments[data_set.department],
                refreshed=data_set.refreshed,
                reached=data_set.reached,
                asked=data_set.asked,
                open_to=sorted(data_set.open_to),
                fields=[
                    FieldView(
                        name=field.name,
                        title=field.title,
                        kind=field.kind,
                        sensitivity=field.sensitivity,
                        verifies=field.verifies,
                    )
                    for field in data_set.fields.values()
                ],
            )
            for data_set in catalogue.data_sets.values()
        ]
    )
