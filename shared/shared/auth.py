"""Who calls, and what they may do: RFC 9068 access tokens checked against the issuer's key set.

Tokens are checked against real time, never the business clock.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Protocol

import httpx
import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.problems import Problem, plain_problem

_log = structlog.get_logger(__name__)

_ALGORITHMS = ["RS256"]
_LEEWAY_SECONDS = 30
# An unknown key id makes us ask for the key set again, but not more often than this.
_KEY_SET_MIN_AGE_SECONDS = 10.0
_KEY_SET_MAX_AGE_SECONDS = 3600.0
# Of about 100 bytes and a principal each; the oldest make room.
_REMEMBERED_TOKENS = 4096


class Role(StrEnum):
    """What a caller is. A token may carry several."""

    RESIDENT = "resident"
    STREET_CLERK = "street_clerk"
    STREET_APPROVER = "street_approver"
    DISTRICT_OFFICER = "district_officer"
    DEPARTMENT_OFFICER = "department_officer"
    AUDITOR = "auditor"
    INSPECTOR = "inspector"
    OPS = "ops"
    SERVICE = "service"


STAFF = (Role.STREET_CLERK, Role.STREET_APPROVER, Role.DISTRICT_OFFICER)
"""Those who handle cases."""
OVERSEERS = (Role.AUDITOR, Role.INSPECTOR)
"""Those who look at how cases were handled."""

_DISTRICT_WIDE = frozenset({Role.DISTRICT_OFFICER, Role.AUDITOR, Role.INSPECTOR, Role.OPS})
_OF_STREETS = frozenset({Role.STREET_CLERK, Role.STREET_APPROVER})


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller of a request, as its token says."""

    subject: str
    client_id: str
    roles: frozenset[Role]
    streets: frozenset[str] = frozenset()
    department: str | None = None
    scopes: frozenset[str] = frozenset()
    """What the token grants beyond its roles, such as to see names and numbers in full."""
    acting_client: str | None = None
    """The client that passed the resident on, such as the mini-program's back end."""

    @property
    def row_scope(self) -> str:
        """The widest scope that the roles allow, for row-level security."""
        if Role.SERVICE in self.roles:
            return "department" if self.department is not None else "service"
        if self.roles & _DISTRICT_WIDE:
            return "district"
        if self.roles & _OF_STREETS:
            return "streets"
        if Role.DEPARTMENT_OFFICER in self.roles:
            return "department"
        return "resident"

    def may_see_street(self, street: str) -> bool:
        """Whether the caller's scope covers this street."""
        scope = self.row_scope
        return scope in {"district", "service"} or (scope == "streets" and street in self.streets)


@dataclass(frozen=True, kw_only=True)
class _Verified:
    """A token that held under a key set. Only its expiry can change that, or another key set."""

    keys: KeySet
    expires_at: float
    principal: Principal


class Authenticator:
    """Checks tokens of one issuer for one audience. Keeps the key set; a stale one beats none.

    A token that held is remembered by its digest, so that a caller's next requests need no signature checked.
    """

    def __init__(self, *, issuer: str, audience: str, http: httpx.AsyncClient) -> None:
        self._issuer = issuer
        self._audience = audience
        self._http = http
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._verified: dict[bytes, _Verified] = {}

    async def principal(self, token: str) -> Principal:
        """The caller that a token names. Raises Problem 401 for any token that does not hold."""
        keys = await self._key_set(stale_after=_KEY_SET_MAX_AGE_SECONDS)
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None and known.keys is keys and known.expires_at >= time.time() - _LEEWAY_SECONDS:
            return known.principal
        verified = await self._verify(token)
        self._verified.pop(digest, None)
        while len(self._verified) >= _REMEMBERED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = verified
        return verified.principal

    async def _verify(self, token: str) -> _Verified:
        try:
            decoded, keys = await self._decode(token)
        except (JoseError, ValueError, TypeError) as error:
            raise _unauthenticated(type(error).__name__) from error
        claims = decoded.claims
        try:
            self._check(decoded.header, claims)
            principal = _principal(claims)
        except (ValueError, TypeError, AttributeError) as error:
            # An issuer may sign nonsense: an unknown role, or null where a list belongs.
            raise _unauthenticated("unusable claims") from error
        return _Verified(keys=keys, expires_at=claims["exp"], principal=principal)

    async def _decode(self, token: str) -> tuple[jwt.Token, KeySet]:
        keys = await self._key_set(stale_after=_KEY_SET_MAX_AGE_SECONDS)
        try:
            return jwt.decode(token, keys, algorithms=_ALGORITHMS), keys
        except (JoseError, ValueError):
            # The key may be newer than our copy of the set.
            keys = await self._key_set(stale_after=_KEY_SET_MIN_AGE_SECONDS)
            return jwt.decode(token, keys, algorithms=_ALGORITHMS), keys

    def _check(self, header: dict[str, Any], claims: dict[str, Any]) -> None:
        if str(header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
            raise _unauthenticated("not an access token")
        if claims.get("iss") != self._issuer:
            raise _unauthenticated("wrong issuer")
        audience = claims.get("aud")
        if self._audience not in ([audience] if isinstance(audience, str) else audience or []):
            raise _unauthenticated("wrong audience")
        now = time.time()
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] < now - _LEEWAY_SECONDS:
            raise _unauthenticated("expired")
        if claims.get("nbf", 0) > now + _LEEWAY_SECONDS or claims.get("iat", 0) > now + _LEEWAY_SECONDS:
            raise _unauthenticated("not yet valid")
        if not isinstance(claims.get("sub"), str) or not isinstance(claims.get("client_id"), str):
            raise _unauthenticated("no subject")

    async def _key_set(self, *, stale_after: float) -> KeySet:
        if self._keys is not None and time.monotonic() - self._fetched_at < stale_after:
            return self._keys
        async with self._lock:
            now = time.monotonic()
            was_just_tried = now - self._tried_at < _KEY_SET_MIN_AGE_SECONDS
            if self._keys is not None and (now - self._fetched_at < stale_after or was_just_tried):
                return self._keys
            self._tried_at = now
            try:
                discovery = await self._http.get(f"{self._issuer}/.well-known/openid-configuration")
                discovery.raise_for_status()
                answer = await self._http.get(discovery.json()["jwks_uri"])
                answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
                self._fetched_at = time.monotonic()
            except (httpx.HTTPError, KeyError, ValueError, JoseError) as error:
                _log.warning("auth.key_set_unreachable", error=type(error).__name__)
                if self._keys is None:
                    raise plain_problem(503, detail="暂时无法核验访问令牌") from error
        return self._keys


def _principal(claims: dict[str, Any]) -> Principal:
    actor = claims.get("act") or {}
    return Principal(
        subject=claims["sub"],
        client_id=claims["client_id"],
        roles=frozenset(Role(role) for role in claims.get("roles", [])),
        streets=frozenset(claims.get("streets", [])),
        department=claims.get("department"),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        acting_client=actor.get("sub"),
    )


def _unauthenticated(why: str) -> Problem:
    _log.info("auth.token_refused", why=why)
    return plain_problem(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class SignatureGate(Protocol):
    """What a service has in its state as `signature_gate`, where some of its callers must sign (12.1.2)."""

    async def check(self, request: Request, caller: Principal) -> None:
        """Raises Problem 401 for a request that is not signed as it should be."""
        ...


_bearer = HTTPBearer(auto_error=False, description="RFC 9068 access token of the district's identity provider")


async def _authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    if credentials is None:
        raise plain_problem(401, headers={"WWW-Authenticate": "Bearer"})
    authenticator: Authenticator = request.app.state.authenticator
    principal = await authenticator.principal(credentials.credentials)
    structlog.contextvars.bind_contextvars(client_id=principal.client_id, actor=principal.subject)
    gate: SignatureGate | None = getattr(request.app.state, "signature_gate", None)
    if gate is not None:
        await gate.check(request, principal)
    return principal


@dataclass(frozen=True)
class RoleGate:
    """The dependency of an endpoint that says who may call it. The tests read `roles` from it."""

    roles: frozenset[Role]

    async def __call__(self, principal: Annotated[Principal, Depends(_authenticated)]) -> Principal:
        if not self.roles & principal.roles:
            raise plain_problem(403, detail="需要的角色：" + "、".join(sorted(self.roles)))
        return principal


def require(*roles: Role) -> Callable[..., Any]:
    """`caller: Annotated[Principal, Depends(require(Role.STREET_CLERK))]`: at least one of these roles."""
    return RoleGate(frozenset(roles))


def own_street(caller: Principal, street: str) -> None:
    """Raises Problem 403 unless the caller's scope covers the street that the path names."""
    if not caller.may_see_street(street):
        raise plain_problem(403, detail=f"无权办理街道 {street} 的事项")
