"""Reports about made-up people, of which it is known whom they mean: what matching is scored on.

Names are drawn as they are spread in China, few surnames for most people. Reporters hear a name and write another one
of the same sound, guess an age, leave the end of an address out, and report people who stand in no registry.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from data_sharing.rules.lead_matching import Described, Finding, Known, match
from shared.identity import WUCHANG_STREETS

ON = date(2022, 10, 10)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉萍红梅建国志婷雪琳晨轩梓涵欣怡浩然子豪雨桐文博"
_LANES = ("候补街", "得胜桥", "粮道街", "昙华林", "民主路", "彭刘杨路", "解放路", "张之洞路", "首义路", "石牌岭")
_WRITTEN = "伟芳静丽强磊军洋勇艳杰娟明秀兰平英华玉红梅建志琳晨怡浩文"
_MISHEARD = "玮方婧莉墙蕾君阳永燕洁鹃铭绣岚萍瑛桦钰宏枚健智林辰仪皓雯"
_SAME_SOUND = dict(zip(_WRITTEN, _MISHEARD, strict=True))


@dataclass(frozen=True)
class Labelled:
    """A report and the person it means: a place in the population, or nobody of it."""

    described: Described
    means: int | None


@dataclass(frozen=True)
class Score:
    """What matching is worth on a labelled set."""

    reports: int
    matched: int
    right: int
    meant: int
    shown: int
    """Reports about people of the registry where the right one is matched or among the candidates."""

    @property
    def precision(self) -> float:
        """Of those that were taken for a person, how many are that person."""
        return self.right / self.matched

    @property
    def recall(self) -> float:
        """Of those that mean a person of the registry, how many were taken for that person."""
        return self.right / self.meant

    @property
    def recall_with_candidates(self) -> float:
        """The same with those that an officer decides, the right person before their eyes."""
        return self.shown / self.meant


def population(size: int, *, seed: int) -> list[Known[int]]:
    """Persons of the registry, each with the number of namesakes."""
    draw = random.Random(seed)
    surnames = [1 / (rank + 1) for rank in range(len(_SURNAMES))]
    given = [1 / (rank + 4) for rank in range(len(_GIVEN))]
    persons = []
    for key in range(size):
        name = draw.choices(_SURNAMES, surnames)[0] + "".join(draw.choices(_GIVEN, given, k=draw.choice((1, 2, 2, 2))))
        street = draw.choice(list(WUCHANG_STREETS))
        doors = f"{draw.randint(1, 300)}号{draw.randint(1, 20)}栋{draw.randint(1, 4)}单元{draw.randint(101, 3204)}"
        persons.append(
            Known(
                key=key,
                name=name,
                birth_date=date(1930, 1, 1) + timedelta(days=draw.randrange(33_000)),
                sex=draw.choice("MF"),
                street=street,
                address=f"湖北省武汉市武昌区{WUCHANG_STREETS[street]}{draw.choice(_LANES)}{doors}",
                namesakes=1,
            )
        )
    namesakes = Counter(person.name for person in persons)
    return [replace(person, namesakes=namesakes[person.name]) for person in persons]


def reports(persons: list[Known[int]], count: int, *, seed: int) -> list[Labelled]:
    """Reports as they come in: nine of ten mean somebody of the registry."""
    draw = random.Random(seed)
    strangers = population(count, seed=seed + 1)
    return [
        _report(draw, draw.choice(persons), is_known=True)
        if draw.random() < 0.9
        else _report(draw, draw.choice(strangers), is_known=False)
        for _ in range(count)
    ]


def _report(draw: random.Random, person: Known[int], *, is_known: bool) -> Labelled:
    name = person.name
    if draw.random() < 0.12:
        at = draw.randrange(1, len(name))
        name = name[:at] + _SAME_SOUND.get(name[at], name[at]) + name[at + 1 :]
    elif len(name) > 2 and draw.random() < 0.05:
        name = name[:-1]
    age = ON.year - person.birth_date.year - ((ON.month, ON.day) < (person.birth_date.month, person.birth_date.day))
    knows = draw.random()
    assert person.address is not None, "everybody lives somewhere"
    address: str | None = person.address
    if draw.random() < 0.2:
        address = None
    elif draw.random() < 0.5:
        address = person.address.partition("街道")[2].partition("单元")[0].rpartition("栋")[0]
    described = Described(
        name=name,
        on=ON,
        sex=person.sex if draw.random() < 0.8 else None,
        birth_date=person.birth_date if knows < 0.2 else None,
        age=max(0, age + draw.choice((-3, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 3))) if 0.2 <= knows < 0.9 else None,
        street=person.street if draw.random() < 0.9 else None,
        address=address,
    )
    return Labelled(described, person.key if is_known else None)


def score(labelled: list[Labelled], findings: Iterator[Finding[int]]) -> Score:
    """Compare what was found with what is known."""
    matched = right = shown = 0
    for report, finding in zip(labelled, findings, strict=True):
        if finding.verdict == "matched":
            matched += 1
            right += finding.candidates[0].key == report.means
        shown += report.means is not None and report.means in {one.key for one in finding.candidates}
    meant = sum(report.means is not None for report in labelled)
    return Score(reports=len(labelled), matched=matched, right=right, meant=meant, shown=shown)


def matched_all(persons: list[Known[int]], labelled: list[Labelled]) -> Iterator[Finding[int]]:
    """Each report held against those of the registry who come into question, as the service chooses them."""
    by_name: dict[str, list[Known[int]]] = {}
    by_place: dict[tuple[str | None, int], list[Known[int]]] = {}
    for person in persons:
        by_name.setdefault(person.name, []).append(person)
        by_place.setdefault((person.street, person.birth_date.year), []).append(person)
    for report in labelled:
        described = report.described
        close = {person.key: person for person in by_name.get(described.name, ())}
        if described.street is not None:
            born = described.birth_date.year if described.birth_date else None
            if born is None and described.age is not None:
                born = described.on.year - described.age
            years = range(born - 4, born + 4) if born is not None else ()
            close |= {one.key: one for year in years for one in by_place.get((described.street, year), ())}
        yield match(described, close.values(), population=len(persons))
