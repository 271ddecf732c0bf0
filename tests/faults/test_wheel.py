"""The wheel carries everything: installed in an empty environment it reaches its first page."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dialogue.kit.ports import free_port
from tests.faults.test_life import answers
from tests.machines import ROOT, clean_environment, until

pytestmark = pytest.mark.slow
UV = ROOT / ".tools" / "bin" / "uv"


def uv(*words: str | Path) -> None:
    done = subprocess.run(
        [str(UV), *(str(word) for word in words)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "DIALOGUE_DATA"}},
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not UV.exists():
        pytest.skip("needs uv: run ./dev setup")
    place = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--no-config", "--system-certs", "--out-dir", place)
    return next(place.glob("*.whl"))


def test_wheel_holds_front_end_and_translations_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "dialogue/kit/static/kit/built/manifest.json" in names
    assert any(name.endswith("ru/LC_MESSAGES/django.mo") for name in names)
    assert any(name.endswith("templates/kit/frame.html") for name in names)
    assert not [name for name in names if "/tests/" in name]


def test_installed_wheel_reaches_its_first_page(wheel: Path, folder: Path) -> None:
    environment = folder / "venv"
    uv("venv", "--no-config", "--system-certs", "--python", sys.executable, environment)
    requirements = folder / "requirements.txt"
    uv(
        "export",
        "--frozen",
        "--no-config",
        "--system-certs",
        "--no-default-groups",
        "--no-emit-project",
        "--quiet",
        "--output-file",
        requirements,
    )
    python = environment / "bin" / "python"
    uv("pip", "install", "--no-config", "--system-certs", "--quiet", "--python", python, "--requirements", requirements)
    uv("pip", "install", "--no-config", "--system-certs", "--quiet", "--no-deps", "--python", python, wheel)
    port = free_port()
    log = folder / "log"
    home = folder / "home"
    home.mkdir()
    with log.open("w") as stream:
        running = subprocess.Popen(
            [str(environment / "bin" / "dialogue"), "run", "--port", str(port), "--no-demo"],
            cwd=folder,
            env=clean_environment(HOME=str(home)) | {"PATH": "/usr/bin:/bin"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "\nready http://" in log.read_text() or running.poll() is not None, seconds=180)
        assert running.poll() is None, log.read_text()
        assert answers(f"http://127.0.0.1:{port}/account/login/")()
        assert (home / ".local" / "share" / "dialogue" / "secrets.json").exists()
    finally:
        running.terminate()
        running.wait(15)
