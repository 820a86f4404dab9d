"""The vault of keys that data-sharing is configured with."""

from pathlib import Path
from typing import Any

import pytest
from tests.data_sharing.conftest import Service
from tests.data_sharing.keys.vault import KEY_SETTINGS, Vault


@pytest.fixture
def further_settings() -> dict[str, Any]:
    return KEY_SETTINGS


@pytest.fixture
async def vault(service: Service, tmp_path: Path) -> Vault:
    """The service has looked at its keys, as at its start."""
    vault = Vault(service, tmp_path / "keys.json")
    await vault.own.keeper.begin()
    return vault
