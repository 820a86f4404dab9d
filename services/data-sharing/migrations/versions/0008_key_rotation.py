"""Keys of encrypted fields change while the service runs (12.1.2)."""

from alembic import op

from shared.migrations import keys_0001, name_encrypted

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Remember keys, and say which columns are encrypted."""
    keys_0001(op)
    name_encrypted(
        op,
        "person_delivery.identity_number",
        "person_delivery.person_name",
        "person_delivery.name",
        "person_delivery.address",
        "person.identity_number",
        "person.name",
        "person_version.name",
        "person_version.address",
        "verification_member.name",
        "obligor.name",
        "authorisation.guardian_name",
        "lead_report.about",
    )
