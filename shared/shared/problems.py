"""Errors as callers see them: RFC 9457 problem documents with a stable English `code` and a Chinese `title`.

Each names the field, the value and the way out. Services raise `Problem`, never an HTTP exception. A value type whose
refusal deserves a code of its own raises pydantic's custom error with `title` and `way_out` in its context; where that
is all that is wrong with a request, the problem has this code, else `invalid_input` with the code in `errors`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared.crypto import KeysClosed
from shared.logs import mask_identity_numbers, mask_text

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:doudi:problem:"
_SHOWN_VALUE_LENGTH = 60
# Fields whose value must not come back in an answer or reach a log.
_SILENT_FIELDS = {"identity_number", "name", "phone", "bank_account", "client_secret", "authorization"}

# What FastAPI and our limits answer with before a body is read whole.
_STATUSES_OF_BODIES = {400, 413}
_JSON = re.compile(r"application/([\w.-]+\+)?json\b", re.IGNORECASE)

_log = structlog.get_logger(__name__)


class FieldError(BaseModel):
    """One thing wrong with one field."""

    field: str = Field(description="Path of the field, such as body.household.members[2].birth_date")
    code: str = Field(description="Stable English code")
    value: str | None = Field(default=None, description="What was found, shortened; absent for personal data")
    message: str = Field(description="What is expected")


class ProblemDocument(BaseModel):
    """RFC 9457, with the members of this platform."""

    type: str = Field(examples=["urn:doudi:problem:application_already_open"])
    title: str = Field(description="In Chinese, for people", examples=["该家庭已有未办结的申请"])
    status: int = Field(examples=[409])
    code: str = Field(description="Stable English code, for programs", examples=["application_already_open"])
    detail: str | None = Field(default=None, description="What happened, with the value, in Chinese")
    way_out: str | None = Field(default=None, description="What to do next, in Chinese")
    errors: list[FieldError] = Field(default_factory=list)
    request_id: str | None = None


class Problem(Exception):
    """An answer that is not a success. Raised anywhere below an endpoint; the transaction rolls back."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str | None = None,
        *,
        field: str | None = None,
        value: object = None,
        way_out: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        if field is not None:
            errors = [
                *errors,
                FieldError(field=field, code=code, value=shown(field, value), message=detail or title),
            ]
        self.headers = headers
        self.document = ProblemDocument(
            type=_TYPE_PREFIX + code,
            title=title,
            status=status,
            code=code,
            detail=detail,
            way_out=way_out,
            errors=list(errors),
        )


def shown(field: str, value: object) -> str | None:
    """A value as it may appear in an answer: shortened, numbers of persons masked, absent in fields of persons."""
    if value is None or field.rsplit(".", 1)[-1] in _SILENT_FIELDS:
        return None
    text = mask_text(str(value))
    return text if len(text) <= _SHOWN_VALUE_LENGTH else text[:_SHOWN_VALUE_LENGTH] + "…"


_TITLES = {
    400: ("bad_request", "请求无法理解", "请检查请求格式"),
    401: ("not_authenticated", "未登录或登录已失效", "请重新获取访问令牌"),
    403: ("not_permitted", "没有办理此事项的权限", "请由有权限的人员办理"),
    404: ("not_found", "未找到", "请核对编号；无权查看的内容同样显示为未找到"),
    405: ("method_not_allowed", "不支持此操作方法", "请查阅接口文档"),
    409: ("conflict", "与现有状态冲突", "请刷新后重试"),
    413: ("body_too_large", "提交的内容过大", "请减少内容后重新提交"),
    415: ("unsupported_media_type", "不支持的内容类型", "请以 application/json 提交"),
    422: ("invalid_input", "提交的内容不符合要求", "请按 errors 中各项说明修改后重新提交"),
    429: ("too_many_requests", "请求过于频繁", "请稍后重试"),
    500: ("internal_error", "系统内部错误", "请稍后重试；如仍失败，请联系运维并提供 request_id"),
    503: ("unavailable", "服务暂不可用", "请稍后重试"),
}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` argument of an endpoint that may answer with these problems.

    401, 403 and 422 need not be named: `shared.app` documents them on every endpoint.
    """
    return {
        status: {
            "description": _TITLES[status][1],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in statuses
    }


def plain_problem(status: int, **overrides: Any) -> Problem:
    """The ordinary problem of an HTTP status."""
    code, title, way_out = _TITLES.get(status, _TITLES[500])
    arguments: dict[str, Any] = {"way_out": way_out, **overrides}
    return Problem(status, code, title, **arguments)


def not_found(what: str, value: object) -> Problem:
    """404 for a thing that does not exist or that the caller may not see."""
    return plain_problem(404, detail=f"未找到{what} {value}")


def respond(problem: Problem) -> Response:
    """The HTTP answer of a problem."""
    document = problem.document
    document.request_id = structlog.contextvars.get_contextvars().get("request_id")
    # A caller may put a number anywhere, as the name of a field too; and half a surrogate pair, which no answer holds.
    content = mask_identity_numbers(json.dumps(document.model_dump(exclude_none=True), ensure_ascii=False))
    return Response(
        content.encode("utf-8", errors="replace"), document.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


def field_path(location: Sequence[str | int]) -> str:
    """`("body", "members", 2, "name")` as `body.members[2].name`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _from_validation(errors: Sequence[Any]) -> Problem:
    if any(error["type"] == "json_invalid" for error in errors):
        position = errors[0]["loc"][-1]
        return plain_problem(
            400,
            detail=f"第 {position} 个字符附近不是合法的 JSON",
            field="body",
            way_out="请检查 JSON 语法后重新提交",
        )
    found = [
        FieldError(
            field=(path := field_path(error["loc"])),
            code=error["type"],
            value=None if isinstance(error.get("input"), dict | list) else shown(path, error.get("input")),
            message=mask_text(error["msg"]),
        )
        for error in errors[:50]
    ]
    said = _one_refusal(errors)
    if said is None:
        return plain_problem(422, detail=f"共有 {len(errors)} 处需要修改", errors=found)
    values = "、".join(error.value for error in found if error.value is not None)
    detail = f"{found[0].message}；填写的是 {values}" if values else found[0].message
    return Problem(422, errors[0]["type"], said["title"], detail, way_out=said["way_out"], errors=found)


def _one_refusal(errors: Sequence[Any]) -> Mapping[str, Any] | None:
    """Title and way out of the one thing that is wrong, in one field or in several; None for anything else."""
    said: Mapping[str, Any] = errors[0].get("ctx") or {}
    is_one = {error["type"] for error in errors} == {errors[0]["type"]}
    return said if is_one and said.keys() >= {"title", "way_out"} else None


def _wrong_media_type(request: Request, error: RequestValidationError) -> Problem | None:
    """415 where a body was not read because it does not say that it is JSON. FastAPI says only that it is no object."""
    media_type = request.headers.get("content-type", "")
    if _JSON.match(media_type) or not isinstance(error.body, bytes):
        return None
    return plain_problem(415, detail="请求内容须为 JSON", field="header.Content-Type", value=media_type or "（未注明）")


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return respond(error)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(_wrong_media_type(request, error) or _from_validation(error.errors()))

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers) if error.headers else None
        if error.status_code in _TITLES:
            field = "body" if error.status_code in _STATUSES_OF_BODIES else None
            return respond(plain_problem(error.status_code, headers=headers, field=field))
        return respond(Problem(error.status_code, "http_error", str(error.detail), headers=headers))

    async def on_no_connection(_: Request, error: Exception) -> Response:
        _log.warning("request.no_connection", error=type(error).__name__)
        return respond(plain_problem(503, detail="数据库连接繁忙", headers={"Retry-After": "1"}))

    async def on_keys_closed(_: Request, error: Exception) -> Response:
        _log.error("request.keys_closed", error=str(error))
        return respond(plain_problem(503, detail="加密密钥与数据库不符", headers={"Retry-After": "30"}))

    async def on_anything(request: Request, error: Exception) -> Response:
        _log.error("request.failed", path=request.url.path, exc_info=error)
        return respond(plain_problem(500))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(PoolTimeout, on_no_connection)
    app.add_exception_handler(KeysClosed, on_keys_closed)
    app.add_exception_handler(Exception, on_anything)
