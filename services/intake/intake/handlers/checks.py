"""What a submission must hold besides its form, told to the caller all at once and by field."""

from collections.abc import Sequence
from datetime import date, timedelta

from intake.rules.labels import POLICIES
from intake.rules.persons import LETTER_YEARS, Finding, Person, adults, age_on, unknown_refs
from intake.schemas.application import Submission
from shared.problems import FieldError, Problem, plain_problem


def submission_findings(submission: Submission, persons: Sequence[Person], *, today: date) -> list[Finding]:
    """Everything wrong outside of the identity documents. Paths are relative to the household."""
    findings: list[Finding] = []
    if sum(person.relation == "applicant" for person in persons) != 1:
        findings.append(
            Finding(field="members", code="applicant_count", message="须有且仅有一名成员为申请人（applicant）")
        )
    if all(person.id_type == "household_book" for person in persons):
        message = "至少一名成员须有身份证号码；确无号码的请到街道办理，不影响先行救助"
        findings.append(Finding(field="members", code="identity_number_missing", message=message))
    refs = {f"../authorisation.signed_by[{index}]": ref for index, ref in enumerate(submission.authorisation.signed_by)}
    refs["../commitment.signed_by"] = submission.commitment.signed_by
    for index, receiving in enumerate(submission.household.receiving or []):
        refs |= {f"receiving[{index}].shares.{ref}": ref for ref in receiving.shares or {}}
    findings += unknown_refs(refs, persons)
    signed = {"authorisation": submission.authorisation.signed_on, "commitment": submission.commitment.signed_on}
    findings += [
        Finding(field=f"../{paper}.signed_on", code="signed_in_future", message="签署日期不能晚于今天")
        for paper, signed_on in signed.items()
        if signed_on > today
    ]
    if age_on(submission.authorisation.signed_on, today - timedelta(days=1)) >= LETTER_YEARS:
        message = "核对授权书已过有效期，请由成年家庭成员重新签署"
        findings.append(Finding(field="../authorisation.signed_on", code="letter_expired", message=message))
    findings += [
        Finding(field=f"../requested[{index}]", code="unknown_policy", message=f"没有名为 {policy} 的救助政策")
        for index, policy in enumerate(submission.requested)
        if policy not in POLICIES
    ]
    if len(set(submission.requested)) < len(submission.requested):
        findings.append(Finding(field="../requested", code="requested_twice", message="同一政策只需申请一次"))
    return findings


def refuse_findings(findings: Sequence[Finding], *, within: str) -> None:
    """Raises Problem 422 that names each field, without its value: these fields are personal data.

    `within`: where the paths of the findings start, such as body.household; `../` leads out of it.
    """
    if findings:
        errors = [
            FieldError(field=_body_path(finding.field, within), code=finding.code, message=finding.message)
            for finding in findings
        ]
        raise plain_problem(422, detail=f"共有 {len(errors)} 处需要修改：{errors[0].message}", errors=errors)


def _body_path(field: str, within: str) -> str:
    return f"body.{field.removeprefix('../')}" if field.startswith("../") else f"{within}.{field}"


def check_authorisation(submission: Submission, persons: Sequence[Person], *, today: date) -> None:
    """Raises Problem 422 `authorisation_incomplete` unless every adult member signed, or a guardian where none is."""
    of_age = adults(persons, on=today)
    signed = set(submission.authorisation.signed_by)
    missing = [ref for ref in of_age if ref not in signed]
    if missing:
        raise Problem(
            422,
            "authorisation_incomplete",
            "核对授权书缺少成年家庭成员的签字",
            "尚未签字的成年成员：" + "、".join(missing),
            errors=[
                FieldError(
                    field="body.authorisation.signed_by",
                    code="authorisation_incomplete",
                    value=ref,
                    message=f"成员 {ref} 已成年，须签署核对授权书",
                )
                for ref in missing
            ],
            way_out="请由列出的成员签署核对授权书，并把其编号加入 authorisation.signed_by 后重新提交",
        )
    if not of_age and submission.authorisation.guardian_name is None:
        raise Problem(
            422,
            "authorisation_incomplete",
            "核对授权书须由监护人签字",
            "全部家庭成员均未成年",
            field="body.authorisation.guardian_name",
            way_out="请由监护人签署核对授权书，并填写 authorisation.guardian_name 后重新提交",
        )
