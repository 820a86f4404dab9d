"""Logs: one JSON object per line, no personal data in it, with the ids that tie it to a request and a trace."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

# An identity number (with or without its check digit) and a mobile number, wherever they stand in a line.
# It may follow an escape of an address, such as %20.
_START = r"(?:(?<!\d)|(?<=%[\dA-Fa-f]{2}))"
_IDENTITY = re.compile(_START + r"(\d{6})(?:18|19|20)\d{2}(?:0\d|1[0-2])[0-3]\d\d{2}(\d?[\dXx])(?![\dXx])")
_MOBILE = re.compile(_START + r"(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_SILENT_KEYS = {"name", "identity_number", "phone", "token", "authorization", "client_secret", "password"}
# Made by us, in hexadecimal: digits in them that look like a mobile number are none.
_OWN_IDS = {"trace_id", "span_id"}


def mask_identity_numbers(text: str) -> str:
    """The text with identity numbers made unreadable. Ids, which are hexadecimal, stay as they are."""
    return _IDENTITY.sub(r"\1********\2", text)


def mask_text(text: str) -> str:
    """The text with identity and mobile numbers made unreadable."""
    return _MOBILE.sub(r"\1****\2", mask_identity_numbers(text))


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: "***" if key in _SILENT_KEYS else value if key in _OWN_IDS else _masked(value)
        for key, value in event.items()
    }


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: "***" if key in _SILENT_KEYS else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = format(span.trace_id, "032x")
        event["span_id"] = format(span.span_id, "016x")
    return event


def _where_it_failed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Errors by class and place. Not their words: those of a database or of a check repeat the values."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_traces(error))
    return event


def _traces(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _traces(cause)
    yield "".join(traceback.format_tb(error.__traceback__)) + f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _traces(one)


def configure_logs(*, service: str, environment: str, level: str) -> None:
    """Route structlog and the standard library's loggers to one JSON line each on standard output."""
    shared_steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    structlog.configure(
        processors=[*shared_steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )

    def add_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.update(service=service, environment=environment)
        return event

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _where_it_failed,
                add_service,
                _mask,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These two say at INFO what our own access metrics and request log say already.
    for name in ("uvicorn.access", "httpx"):
        logging.getLogger(name).setLevel("WARNING")
