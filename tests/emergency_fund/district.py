"""Streets, their people, the district and finance, who do through the API what it lets them do, while the money is
counted here independently of the ledger. Random histories and state machines draw who does what next.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import httpx

from emergency_fund.rules.ledger import TransferKind
from shared.events.departments import ReplenishmentAnswered
from shared.ids import new_id
from shared.money import format_yuan, parse_yuan
from shared.testing import envelope_of, problem_code

from .approved import Approved
from .case import Case, counted_fen
from .conftest import DISTRICT_OFFICER, OTHER_STREET, STREET, Fund, by_day, by_visit, ok
from .corrections import ACCOUNTS, decide, propose

FLOAT_FEN = 3_000_000
LIMIT_FEN = 364_000
NEW_YEAR = datetime(2023, 1, 1, 16, tzinfo=UTC)
"""2023-01-02, 0:00 in Wuhan."""
PAPERS = ("fire_certificate", "loss_list")
STREETS = (STREET, OTHER_STREET)


def clerk(street: str, number: int = 1) -> str:
    """One of the two clerks of a street."""
    return f"clerk-{street}-{number}"


def approver(street: str, number: int = 1) -> str:
    """One of the two approvers of a street."""
    return f"approver-{street}-{number}"


@dataclass(frozen=True)
class Sent:
    """Something that was done, to be sent once more as it stands."""

    again: Callable[[], Awaitable[httpx.Response]]
    answer: str


class District:
    """What people do. Each method checks that the answer is the one that the money and the rules demand."""

    def __init__(self, fund: Fund, streets: Iterable[str] = STREETS) -> None:
        self.fund = fund
        self.streets = tuple(streets)
        self.cases: dict[str, Case] = {}
        self.cash_fen = dict.fromkeys(self.streets, FLOAT_FEN)
        self.is_asked = dict.fromkeys(self.streets, False)
        self.written_off_fen = 0
        self.done: Counter[str] = Counter()
        """What was posted, by kind; payments and refills of each sort apart, and stages stopped."""
        self.sent: list[Sent] = []
        self.emergency: dict[str, Any] | None = None
        self.closings: dict[str, str] = {}
        self.closed_at: datetime | None = None

    async def send(
        self, call: Callable[[str], Awaitable[httpx.Response]], *, repeats: int = 1, codes: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        """The answer to something sent with a key of its own, perhaps twice; None for a refusal, whose code is one of
        `codes`. A refusal without codes fails.
        """
        key = str(new_id())
        answers = [await call(key) for _ in range(repeats)]
        if answers[0].is_success:
            assert {answer.text for answer in answers} == {answers[0].text}
            self.sent.append(Sent(lambda: call(key), answers[0].text))
            return ok(answers[0])
        assert {problem_code(answer) for answer in answers} <= set(codes), answers[0].text
        return None

    async def send_again(self, sent: Sent) -> None:
        """A retry that comes late is answered as the first time, whatever happened since."""
        answer = await sent.again()
        assert ok(answer)
        assert answer.text == sent.answer

    def adopt(self, grant: Approved) -> Case:
        """A grant that was written as approved is known here from now on."""
        view = {"grant_id": str(grant.grant_id), "street": grant.street, "amount": format_yuan(grant.amount_fen)}
        return self.cases.setdefault(
            view["grant_id"], Case(view | {"approved_by": "another", "debts": [], "plan": None})
        )

    async def request(
        self,
        street: str,
        amounts_fen: Sequence[int],
        *,
        waits: Sequence[tuple[bool, int]] = (),
        papers: int = 0,
        by: int = 1,
        repeats: int = 1,
        household_id: str | None = None,
        **incident: Any,
    ) -> Case | None:
        """A clerk asks for a grant, with a plan when there are several amounts: each waits for its day or for a visit,
        so many days from now. None where it is not below the limit.
        """
        today, household_id = self.fund.clock.today(), household_id or str(new_id())
        incident = {"cause": "fire", "on": str(today), "place": "候补街社区"} | incident
        before_fen = counted_fen(self.cases.values(), household_id=household_id, incident=incident, asked_on=today)
        total_fen = sum(amounts_fen) + before_fen
        codes = [] if total_fen < self.limit_fen(street, today) else ["not_below_limit"]
        stages = [
            (by_day if is_day else by_visit)(format_yuan(fen), str(today + timedelta(days=days)))
            for fen, (is_day, days) in zip(amounts_fen, waits, strict=False)
        ]
        changes = {"stages": stages} if len(amounts_fen) > 1 else {}
        asked = await self.send(
            lambda key: self.fund.request(
                format_yuan(sum(amounts_fen)),
                missing=PAPERS[:papers],
                street=street,
                by=clerk(street, by),
                key=key,
                household_id=household_id,
                incident=incident,
                **changes,
            ),
            repeats=repeats,
            codes=codes,
        )
        if asked is None:
            return None
        assert not codes, total_fen
        return self.cases.setdefault(asked["grant_id"], Case(asked))

    def limit_fen(self, street: str, day: date) -> int:
        """What grants that are asked for on a day stay below."""
        emergency = self.emergency
        is_raised = (
            emergency is not None
            and street in emergency["streets"]
            and emergency["first_day"] <= str(day) <= emergency["last_day"]
        )
        return 2 * LIMIT_FEN if is_raised else LIMIT_FEN

    async def decide(self, case: Case, *, is_refused: bool = False, by: int = 1, repeats: int = 1) -> None:
        """An approver approves what was asked for, refuses it, or takes an approval back that nothing was paid on."""
        action, body = ("refusal", {"reason": "不属实"}) if is_refused else ("approval", None)
        await self._act(case, action, body, by=approver(case.street, by), repeats=repeats)
        case.is_refused = is_refused

    async def pay(self, case: Case, *, by: str, repeats: int = 1) -> None:
        """An officer pays a grant in one sum; refused when the cash is not there."""
        amount_fen = parse_yuan(case.view["amount"])
        codes = ["reserve_insufficient"] if self.cash_fen[case.street] < amount_fen else []
        if await self._act(case, "payment", by=by, repeats=repeats, codes=codes):
            assert not codes
            self._paid(case, case.view["transfer_id"], amount_fen)
        self.is_asked[case.street] |= bool(codes)

    def _paid(self, case: Case, transfer_id: str, amount_fen: int) -> None:
        case.left_fen[transfer_id] = amount_fen
        self.cash_fen[case.street] -= amount_fen
        if self.cash_fen[case.street] < FLOAT_FEN // 2:
            self.is_asked[case.street] = True
        self.done["stage" if case.stages else "payment"] += 1
        self.done["in advance" if case.open_debts else "documented at once"] += 1

    async def meet(self, case: Case, number: int, *, by: str) -> None:
        """An officer finds the condition of a stage met."""
        stage = case.stages[number - 1]
        codes = {"paid": "stage_already_paid", "stopped": "plan_stopped", "met": "condition_already_met"}
        code = codes.get(stage["state"], "condition_is_a_day")
        if stage["condition"]["kind"] == "visit" and stage["state"] == "planned":
            code = "same_person" if by == case.view["approved_by"] else ""
        # On its day the calendar meets a stage without an answer to us.
        await self._on_stage(
            case, number, "condition", {"note": "已核实"}, by=by, codes=[code, "condition_already_met"]
        )

    async def pay_stage(self, case: Case, number: int, *, by: str, repeats: int = 1) -> None:
        """An officer pays a stage; refused before its condition is met, by whoever met it, without cash, and again."""
        stage = case.stages[number - 1]
        amount_fen = parse_yuan(stage["amount"])
        is_met = stage["state"] == "met" or (
            stage["condition"]["kind"] == "day" and stage["planned_on"] <= str(self.fund.clock.today())
        )
        codes = {"paid": ["stage_already_paid"], "stopped": ["plan_stopped"]}.get(stage["state"], [])
        if not codes and not is_met:
            codes = ["condition_not_met"]
        elif not codes and by == stage["met_by"]:
            codes = ["same_person"]
        elif not codes and self.cash_fen[case.street] < amount_fen:
            codes = ["reserve_insufficient"]
        if await self._on_stage(case, number, "payment", by=by, repeats=repeats, codes=codes):
            assert not codes, codes
            self._paid(case, case.stages[number - 1]["transfer_id"], amount_fen)
        self.is_asked[case.street] |= codes == ["reserve_insufficient"]

    async def stop(self, case: Case, *, by: int = 1, repeats: int = 1) -> None:
        """An approver stops what is left of a plan."""
        await self._act(case, "stop", {"reason": "不再需要"}, by=approver(case.street, by), repeats=repeats)
        self.done["stopped"] += 1

    async def settle(self, case: Case, number: int, *, is_waived: bool = False, by: int = 1, repeats: int = 1) -> None:
        """A paper comes in, or an approver waives it."""
        debt_id = case.view["debts"][number]["debt_id"]
        body = {"outcome": "waived", "reason": "无法取得"} if is_waived else {"outcome": "supplied"}
        officer = approver(case.street, by) if is_waived else clerk(case.street, by)
        was_advance_fen = case.advance_fen
        await self._act(case, f"debts/{debt_id}/settlement", body, by=officer, repeats=repeats)
        if was_advance_fen and not case.open_debts:
            self.done["settlement"] += 1

    async def take_back(
        self, case: Case, payment: str, amount_fen: int, *, is_claim: bool, is_confirmed: bool = True, by: int = 1
    ) -> None:
        """Money of a payment comes back, or is asked back; refused beyond what is left of it, and while a plan runs."""
        left_fen = case.left_fen[payment]
        codes = ["nothing_to_correct" if left_fen == 0 else "above_what_is_left"] if amount_fen > left_fen else []
        codes = ["plan_running"] if case.is_running else codes
        kind = "claim" if is_claim else "reversal"
        posted = await self._correct(case, kind, payment, amount_fen, is_confirmed=is_confirmed, by=by, codes=codes)
        if posted is None:
            return
        case.left_fen[payment] -= amount_fen
        if is_claim:
            case.claims_fen[posted] = amount_fen
        else:
            self.cash_fen[case.street] += amount_fen
        await self._look(case)

    async def end_claim(
        self, case: Case, claim: str, amount_fen: int, *, is_given_up: bool, is_confirmed: bool = True, by: int = 1
    ) -> None:
        """What was asked back comes in, or the district gives it up."""
        kind = "write_off" if is_given_up else "recovery"
        posted = await self._correct(case, kind, claim, amount_fen, is_confirmed=is_confirmed, by=by)
        if posted is None:
            return
        case.claims_fen[claim] -= amount_fen
        if case.claims_fen[claim] == 0:
            del case.claims_fen[claim]
        if is_given_up:
            case.written_off_fen += amount_fen
            self.written_off_fen += amount_fen
        else:
            self.cash_fen[case.street] += amount_fen
        await self._look(case)

    async def _correct(
        self,
        case: Case,
        kind: str,
        corrects: str,
        amount_fen: int,
        *,
        is_confirmed: bool,
        by: int,
        codes: Sequence[str] = (),
    ) -> str | None:
        """A clerk proposes, another person decides; the transfer, where one is posted."""
        fund, amount = self.fund, format_yuan(amount_fen)
        asks, decides = clerk(case.street, by), None if kind == "write_off" else approver(case.street, by)
        proposed = await self.send(
            lambda key: propose(fund, case.view, kind, amount, corrects=corrects, by=asks, key=key), codes=codes
        )
        if proposed is None:
            return None
        assert not codes, codes
        outcome = "confirmed" if is_confirmed else "rejected"
        decided = await self.send(lambda key: decide(fund, proposed, outcome, by=decides, key=key), repeats=2)
        assert decided is not None
        assert (decided["transfer_id"] is not None) == is_confirmed
        if is_confirmed:
            self.done[kind] += 1
        transfer_id: str | None = decided["transfer_id"]
        return transfer_id

    async def finance_answers(self, street: str, *, share: int) -> None:
        """Finance answers the open request, if there is one: nothing, a part, or all of it. The answer comes twice."""
        asked = (await self.reserve(street))["open_replenishment"]
        if asked is None:
            return
        asked_fen = parse_yuan(asked["amount"])
        amount_fen = (0, asked_fen // 3, asked_fen)[share]
        outcome: Literal["refused", "partly_granted", "granted"] = "partly_granted"
        if amount_fen in {0, asked_fen}:
            outcome = "granted" if amount_fen else "refused"
        answer = envelope_of(
            ReplenishmentAnswered(
                street=street, replenishment_id=asked["replenishment_id"], outcome=outcome, amount_fen=amount_fen
            ),
            clock=self.fund.clock,
        )
        await self.fund.hear(answer, answer)
        self.cash_fen[street] += amount_fen
        # What a request that was open at the closing left out is asked for when it is granted.
        was_open = self.closed_at is not None and datetime.fromisoformat(asked["requested_at"]) < self.closed_at
        self.is_asked[street] = was_open and outcome == "granted" and self.cash_fen[street] < FLOAT_FEN
        self.done[f"refill {outcome}"] += 1

    async def time_passes(self, period: timedelta) -> None:
        """Time passes, and what is due is done: stages of a day are met, reserves that are low ask again."""
        self.fund.clock.advance(period)
        if await self.fund.run_due():
            for street in self.streets:
                is_low = self.cash_fen[street] < FLOAT_FEN // 2
                self.is_asked[street] |= is_low and (await self.reserve(street))["open_replenishment"] is not None

    async def close_year(self) -> None:
        """The district closes 2022 after its end, or finds it closed."""
        if self.fund.clock.now() < NEW_YEAR:
            await self.time_passes(NEW_YEAR - self.fund.clock.now())
        closed = await self.send(
            lambda key: self.fund.http.post(
                "/v1/fiscal-years/2022/closing",
                json={"streets": list(self.streets)},
                headers=self.fund.as_(DISTRICT_OFFICER, key),
            ),
            repeats=2,
        )
        assert closed is not None
        hashes = {line["street"]: line["sha256"] for line in closed["streets"]}
        if not self.closings:
            self.closings, self.closed_at = hashes, self.fund.clock.now()
            for street in self.streets:
                self.is_asked[street] |= self.cash_fen[street] < FLOAT_FEN
        assert hashes == self.closings

    async def declare_emergency(self) -> None:
        """The district raises the limit in the first street from today on, for three days."""
        today = self.fund.clock.today()
        body = {
            "title": "强降雨内涝",
            "document_number": "武昌应急〔2022〕3号",
            "streets": [self.streets[0]],
            "first_day": str(today),
            "last_day": str(today + timedelta(days=2)),
            "limit_multiple": 8,
        }
        post, as_ = self.fund.http.post, self.fund.as_
        self.emergency = ok(await post("/v1/emergencies", json=body, headers=as_("district-1")))
        path = f"/v1/emergencies/{self.emergency['emergency_id']}/confirmation"
        ok(await post(path, headers=as_("district-2")))

    async def reserve(self, street: str) -> dict[str, Any]:
        """The reserve of a street now, once it was seen to hold what was counted here."""
        reserve = await self.fund.reserve(street)
        fen = {account: parse_yuan(reserve[account]) for account in ACCOUNTS}
        assert sum(fen.values()) == FLOAT_FEN, reserve
        assert fen["cash"] == self.cash_fen[street] >= 0
        assert min(fen["advances"], fen["documented"], fen["recoverable"]) >= 0
        cases = [case for case in self.cases.values() if case.street == street]
        assert fen["advances"] == sum(case.advance_fen for case in cases)
        assert fen["recoverable"] == sum(sum(case.claims_fen.values()) for case in cases)
        owed = {case.view["debts"][number]["debt_id"] for case in cases for number in case.open_debts}
        assert {debt["debt_id"] for debt in reserve["open_debts"]} == owed
        return reserve

    @property
    def transfers(self) -> Counter[TransferKind]:
        """How many transfers of each kind must be in the ledger, those that pre-set the 14 reserves included."""
        return Counter(
            {
                TransferKind.PRESET: 14,
                TransferKind.PAYMENT: self.done["payment"] + self.done["stage"],
                TransferKind.SETTLEMENT: self.done["settlement"],
                TransferKind.REFILL: self.done["refill granted"] + self.done["refill partly_granted"],
                TransferKind.REVERSAL: self.done["reversal"],
                TransferKind.CLAIM: self.done["claim"],
                TransferKind.RECOVERY: self.done["recovery"],
                TransferKind.WRITE_OFF: self.done["write_off"],
            }
        )

    async def _act(
        self, case: Case, action: str, body: Any = None, *, by: str, repeats: int = 1, codes: Sequence[str] = ()
    ) -> bool:
        return await self._move(
            case, lambda key: self.fund.act(case.grant_id, action, body, by=by, key=key), repeats=repeats, codes=codes
        )

    async def _on_stage(self, case: Case, number: int, action: str, body: Any = None, *, by: str, **how: Any) -> bool:
        grant = case.view
        return await self._move(
            case, lambda key: self.fund.on_stage(grant, number, action, body, by=by, key=key), **how
        )

    async def _move(self, case: Case, call: Callable[[str], Awaitable[httpx.Response]], **how: Any) -> bool:
        answer = await self.send(call, **how)
        case.view = answer or case.view
        return answer is not None

    async def _look(self, case: Case) -> None:
        case.view = await self.fund.read(f"/v1/grants/{case.grant_id}")
