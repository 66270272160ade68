from pathlib import Path
import shutil
import socket

import pytest
import yaml

from scripts.house import configuration


@pytest.fixture
def component(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "our_component"
    folder.mkdir(parents=True)
    return folder


def test_the_house_loads_the_component_from_the_checkout(
    tmp_path: Path, component: Path
) -> None:
    configuration.write(tmp_path / "config", component)
    installed = tmp_path / "config" / "custom_components" / "our_component"
    assert installed.resolve() == component.resolve()


def test_a_second_start_may_choose_another_port(
    tmp_path: Path, component: Path
) -> None:
    remembered = tmp_path / "config" / ".storage" / "http"
    remembered.parent.mkdir(parents=True)
    remembered.write_text("the port of the first start")
    configuration.write(tmp_path / "config", component)
    assert not remembered.exists()


def test_what_the_machine_lacks_is_left_out_and_said(
    tmp_path: Path, component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "find_library", lambda _: None)
    monkeypatch.setattr(configuration, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    without = configuration.write(tmp_path / "config", component)
    assert without == [
        "Assist (no audio packages)",
        "discovery by DHCP (no libpcap)",
        "speech (no ffmpeg)",
    ]
    written = yaml.safe_load((tmp_path / "config" / "configuration.yaml").read_text())
    assert written.keys().isdisjoint({"assist_pipeline", "dhcp"})
    assert {"frontend", "recorder", "energy"} <= written.keys()


def test_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(configuration, "_FIRST_PORT", port)
        assert configuration.free_port() > port
