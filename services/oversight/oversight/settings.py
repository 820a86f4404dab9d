"""What can be set in oversight."""

from pathlib import Path

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of oversight. Environment variables carry the prefix DOUDI_."""

    log_origin: str
    """Name of the log in its signed heads: a URL without scheme, such as doudi.wuchang.gov.cn/oversight. It never
    changes while the log lives, and holds no space and no plus."""
    log_signing_key_file: Path
    """Ed25519 private key, unencrypted PKCS#8 in PEM, mounted as a file."""
    log_former_verifier_keys: tuple[str, ...] = ()
    """Verifier keys (`name+id+key`) that signed earlier heads, as a JSON list. Set when the signing key changes."""
