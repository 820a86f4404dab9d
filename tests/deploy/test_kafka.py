"""What Apache Kafka needs, and what is said when it is missing."""

from pathlib import Path

import pytest

from doudi.kafka import KafkaUnavailable, java_version, require_java, resolve_jars


def fake_java(directory: Path, version: str) -> None:
    java = directory / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-20' >&2\n", encoding="ascii")
    java.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "major"), [("1.8.0_402", 8), ("11.0.22", 11), ("17.0.15", 17), ("21", 21), ("25-ea", 25)]
)
def test_the_major_version_of_java_is_read(tmp_path: Path, version: str, major: int) -> None:
    fake_java(tmp_path, version)
    assert java_version(str(tmp_path / "java")) == major


def test_without_java_the_debian_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KafkaUnavailable, match="openjdk-17-jre-headless"):
        require_java()


def test_a_java_that_is_too_old_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, "11.0.22")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(KafkaUnavailable, match="Java 17 or later"):
        require_java()


def test_without_maven_its_debian_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KafkaUnavailable, match="apt install maven"):
        resolve_jars(tmp_path / "libs")


def test_what_maven_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho 'Could not resolve kafka_2.13'\nexit 1\n", encoding="ascii")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(KafkaUnavailable, match="Could not resolve kafka"):
        resolve_jars(tmp_path / "libs")
