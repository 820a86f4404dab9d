"""Chinese names of departments, policies and routes, as residents know them: nothing here decides."""

from collections.abc import Iterable, Mapping

DEPARTMENTS: Mapping[str, str] = {
    "civil_affairs": "区民政局",
    "finance": "区财政局",
    "development_reform": "区发改局",
    "education": "区教育局",
    "justice": "区司法局",
    "human_resources": "区人力资源局",
    "construction": "区建设局",
    "health": "区卫健局",
    "emergency_management": "区应急局",
    "housing": "区房管局",
    "medical_security": "区医保局",
    "trade_union": "区总工会",
    "disabled_federation": "区残联",
    "publicity_civilization": "区委宣传部（区委文明办）",
    "big_data_centre": "区大数据中心",
    "public_security": "武昌公安分局",
    "tax": "区税务局",
    "market_regulation": "区市场监管局",
    "discipline": "区纪委监委",
    "audit": "区审计局",
}

POLICIES: Mapping[str, str] = {
    "tekun": "特困人员救助供养",
    "dibao": "最低生活保障",
    "single_person_dibao": "最低生活保障（单人保）",
    "dibao_grace": "低保渐退期",
    "orphan": "孤儿基本生活保障",
    "defacto_unattended_child": "事实无人抚养儿童基本生活保障",
    "low_income_margin": "低保边缘家庭认定",
    "rigid_expenditure": "刚性支出困难家庭认定（支出型困难家庭）",
    "medical_assistance": "医疗救助",
    "premium_subsidy": "资助参加居民医保",
    "supplementary_illness_insurance": "困难群众重大疾病医疗补充保险",
    "education_aid": "教育救助",
    "public_rental_housing": "公租房保障",
    "employment_assistance": "就业救助",
    "skills_training": "免费技能培训及生活补助",
    "legal_aid": "法律援助",
    "disaster_relief_goods": "救灾物资",
    "disaster_insurance": "自然灾害、火灾保险赔付",
    "elderly_service_subsidy": "养老服务补贴",
    "elderly_home_services": "三助一护上门服务",
    "home_adaptation": "适老化改造和智能化改造",
    "elderly_meal_subsidy": "老年幸福食堂助餐补贴",
    "elderly_accident_insurance": "老年人意外伤害险",
    "weekly_visit": "每周巡访",
    "rehab_training_subsidy": "残疾儿童康复训练补贴",
    "rehab_living_allowance": "残疾儿童家庭生活补助",
    "multi_disability_care_subsidy": "一户双（多）残居家护理补贴",
    "disabled_tuition_subsidy": "残疾学生学费补助",
    "severe_disability_home_service": "重度残疾人居家服务",
    "disability_insurance": "残疾人意外伤害及住院保险",
    "disabled_employment_support": "残疾人就业帮扶",
    "disabled_social_insurance_subsidy": "灵活就业残疾人社保补贴",
    "disabled_startup_subsidy": "残疾人一次性创业补贴",
    "disability_living_allowance": "困难残疾人生活补贴",
    "severe_disability_nursing_allowance": "重度残疾人护理补贴",
    "special_family_health": "计生特别扶助家庭健康服务",
    "special_family_home_care": "老年特扶对象居家养老服务",
    "bereaved_care_parcel": "失独家庭医疗保健爱心包",
    "special_support_payment": "特扶金及慰问金",
    "guardian_award": "严重精神障碍患者监护人以奖代补",
    "family_doctor": "家庭健康档案和家庭医生",
    "worker_file": "困难职工建档",
    "worker_aid": "困难职工生活、医疗、助学救助",
    "worker_serious_illness_aid": "在职职工重大疾病一次性救助",
    "worker_temporary_care": "职工临时关爱救助",
    "temporary_assistance": "临时救助",
    "service_assistance": "服务类社会救助",
    "elderly_home_place": "公办养老机构轮候",
    "charity_special_aid": "慈善爱心特助",
}

REFERRAL_RETURNS: Mapping[str, str] = {
    "not_our_duty": "不属于该部门职责",
    "not_entitled": "经该部门审核不符合条件",
    "cannot_be_reached": "未能联系到您",
    "duplicate": "该事项已在办理",
    "other": "其他原因",
}

REFERRAL_RESULTS: Mapping[str, str] = {
    "delivered": "已落实",
    "declined_by_resident": "您已表示不需要",
    "not_possible": "目前无法落实",
}

BENEFIT_CHANGES: Mapping[str, str] = {
    "adjust": "调整",
    "suspend": "暂停发放",
    "resume": "恢复发放",
    "grace": "转入渐退期",
    "end": "终止发放",
}

GRANT_ROUTES: Mapping[str, str] = {
    "district": "该金额可由区级按临时救助程序办理，街道会协助您继续申请",
    "special_deliberation": "该情况可通过“一事一议”研究，街道会协助您继续申请",
}

FOLLOW_UP_ROUTES: Mapping[str, str] = {
    "apply_for_policy": "请提出救助申请，街道会协助您办理",
    "staged_aid": "街道将为您另行办理分阶段救助",
    "district": "街道将协助您向区级申请临时救助",
}


def department(code: str) -> str:
    """The department's name."""
    return DEPARTMENTS.get(code, "有关部门")


def departments(codes: Iterable[str]) -> str:
    """Several departments' names."""
    return "、".join(dict.fromkeys(department(code) for code in codes))


def policy(policy_id: str) -> str:
    """The policy's name."""
    return POLICIES.get(policy_id, "有关救助")


def policies(policy_ids: Iterable[str]) -> str:
    """Several policies' names."""
    return "、".join(dict.fromkeys(policy(policy_id) for policy_id in policy_ids))
