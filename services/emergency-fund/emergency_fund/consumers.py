"""What emergency-fund reacts to."""

from emergency_fund.handlers.held_papers import keep_held_papers
from emergency_fund.handlers.identities import join_households
from emergency_fund.handlers.recusals import keep_recusal
from emergency_fund.handlers.replenish import post_answer
from emergency_fund.handlers.standards import keep_standard
from shared.events.data_sharing import HeldPapersAnnounced
from shared.events.departments import ReplenishmentAnswered
from shared.events.eligibility import OfficerRecused, StandardPublished
from shared.events.intake import HomelessPersonIdentified
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    StandardPublished: keep_standard,
    OfficerRecused: keep_recusal,
    HomelessPersonIdentified: join_households,
    ReplenishmentAnswered: post_answer,
    HeldPapersAnnounced: keep_held_papers,
}
