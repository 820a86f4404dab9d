"""Every column that holds ciphertext, and what its values are bound to; every one that holds blind indexes.

Staged rows of a delivery come first: what is written again in them is written again before it is taken over.
"""

from data_sharing.tables.leads import lead_report
from data_sharing.tables.letters import authorisation, obligor
from data_sharing.tables.persons import person
from data_sharing.tables.registries import person_delivery, person_version
from data_sharing.tables.verifications import verification_member
from shared.keys import EncryptedColumn

ENCRYPTED = (
    EncryptedColumn(person_delivery.c.identity_number, "person.identity_number"),
    EncryptedColumn(person_delivery.c.person_name, "person.name"),
    EncryptedColumn(person_delivery.c.name, "person_version.name"),
    EncryptedColumn(person_delivery.c.address, "person_version.address"),
    EncryptedColumn(person.c.identity_number, "person.identity_number"),
    EncryptedColumn(person.c.name, "person.name"),
    EncryptedColumn(person_version.c.name, "person_version.name"),
    EncryptedColumn(person_version.c.address, "person_version.address"),
    EncryptedColumn(verification_member.c.name, "verification_member.name"),
    EncryptedColumn(obligor.c.name, "obligor.name"),
    EncryptedColumn(authorisation.c.guardian_name, "authorisation.guardian_name"),
    EncryptedColumn(lead_report.c.about, "lead_report.about"),
)

INDEXED = (
    "person.identity_index",
    "person_delivery.identity_index",
    "person_delivery.name_index",
    "person_delivery.digest",
    "person_version.name_index",
    "person_version.digest",
    "register_record.identity_index",
    "register_record.fields.representative_index",
    "legal_entity_version.representative_index",
    "lead_report.digest",
    "lead_report.identity_index",
    "lead_report.name_index",
    "lead_report.address_index",
    "lead_report.phone_index",
    "comparison_hit.identity_index",
)
