"""Systems that have a key on file sign every request; what is not signed as it should be is refused, and on the ledger
(12.1.2).
"""

import re

import sqlalchemy as sa
from fastapi import Request

from data_sharing.handlers.access_ledger import put_on_ledger
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.problems import Problem
from shared.signatures import SignatureRefused, Signed, TrustedKeys, remember_signed, request_of, verify_request

PURPOSE = "authentication"
_REFUSALS = {
    "signature_missing": ("请求没有签名", "该系统已登记公钥，每个请求都须签名"),
    "signature_invalid": ("请求签名无效", "请核对密钥编号、公钥登记和签名内容"),
    "signature_out_of_time": ("请求签名的时间不在允许范围内", "请校准系统时钟，相差不得超过5分钟"),
    "signature_replayed": ("请求签名已经使用过", "每次请求须重新签名，使用新的随机数"),
    "body_altered": ("请求内容与签名不符", "请检查内容在传输中是否被改动，重新签名后提交"),
}
# Each request carries away some of the nonces that no clock lets come back any more.
_USE_NONCE = sa.text("""
with gone as (
    delete from used_nonce where ctid in (
        select ctid from used_nonce where used_at < now() - interval '30 minutes' limit 4 for update skip locked
    )
)
insert into used_nonce (key_id, nonce) values (:key_id, :nonce) on conflict do nothing returning true
""")


class Gate:
    """Checks the signature of a request once its token holds. Clients without a key on file need none."""

    def __init__(self, database: Database, clock: Clock, keys: TrustedKeys, *, streamed: str) -> None:
        """`streamed`: paths whose body is read in pieces. It is checked against the manifest, which was signed."""
        self._database = database
        self._clock = clock
        self._keys = keys
        self._streamed = re.compile(streamed)

    async def check(self, request: Request, caller: Principal) -> None:
        """Raises Problem 401, after the refusal was put on the access ledger."""
        if "signature" not in request.headers and caller.client_id not in self._keys.clients:
            return
        message = request_of(request.scope)
        body = None if self._streamed.fullmatch(request.url.path) else await request.body()
        try:
            signed = verify_request(message, body, self._keys)
        except SignatureRefused as error:
            raise await self._refusal(caller, error.reason) from error
        if signed.key.client_id != caller.client_id:
            raise await self._refusal(caller, "signature_invalid")
        if not await self._is_first(signed):
            raise await self._refusal(caller, "signature_replayed")
        remember_signed(request.scope, message)

    async def _is_first(self, signed: Signed) -> bool:
        """Whether nobody sent this nonce before: of two at once, on whatever replica, one is the first."""
        async with self._database.transaction() as tx:
            used = await tx.execute(_USE_NONCE, {"key_id": signed.key.key_id, "nonce": signed.nonce})
            return used.scalar() is not None

    async def _refusal(self, caller: Principal, reason: str) -> Problem:
        async with self._database.transaction() as tx:
            await put_on_ledger(tx, caller, purpose=PURPOSE, fields=(), refusal=reason, now=self._clock.now())
        title, way_out = _REFUSALS[reason]
        return Problem(401, reason, title, way_out=way_out, headers={"WWW-Authenticate": "Signature"})
