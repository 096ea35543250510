"""Places where a restart or a deployment would delete the store are detected, and safe places are accepted."""

from pathlib import Path

import pytest

from bot.app import lost_files
from bot.app.lost_files import PLATFORMS, describe_loss

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 253:0 / / rw,relatime - ext4 /dev/vda rw
31 27 253:1 /var/lib/kubelet/pods/0c7f/volumes/kubernetes.io~empty-dir/data /srv/data rw shared:1 - ext4 /dev/vdb rw
32 31 253:2 / /srv/data/kept rw,relatime - ext4 /dev/vdc rw
33 27 0:40 / /srv/with\\040space rw,relatime master:2 - tmpfs tmpfs rw,size=65536k
34 27 253:3 /var/lib/kubelet/pods/0c7f/volumes/kubernetes.io~csi/pvc-1/mount /srv/claim rw - ext4 /dev/vdd rw
35 27 253:4 / /srv/twice rw - ext4 /dev/vde rw
36 35 0:41 / /srv/twice rw - ramfs ramfs rw
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a file system with the mounts in `MOUNTS`."""
    table = tmp_path / "proc/self/mountinfo"
    table.parent.mkdir(parents=True)
    table.write_text(MOUNTS)
    return tmp_path


@pytest.mark.parametrize(("variable", "platform"), PLATFORMS.items())
def test_a_store_outside_a_volume_is_lost_on_every_platform(tmp_path: Path, variable: str, platform: str) -> None:
    file = tmp_path / "data/turso-ops.db"

    loss = describe_loss(file, {variable: "x"}, root=tmp_path)

    assert loss is not None
    assert f"`{file}`" in loss.sentence
    assert f"{platform}, which is deleted at each deployment" in loss.sentence
    assert loss.is_certain


@pytest.mark.parametrize("mark", ["/.dockerenv", "/run/.containerenv"])
def test_a_container_is_detected_by_its_marker(tmp_path: Path, mark: str) -> None:
    assert describe_loss(tmp_path / "x.db", {}, root=tmp_path) is None
    path = tmp_path / mark[1:]
    path.parent.mkdir(exist_ok=True)
    path.touch()

    loss = describe_loss(tmp_path / "x.db", {}, root=tmp_path)

    assert loss is not None
    assert "this container, which is deleted with it" in loss.sentence
    assert not loss.is_certain, "`doctor` mentions it, but doesn't report a problem"


def test_a_store_on_a_volume_or_on_postgresql_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"FLY_APP_NAME": "x"}

    assert describe_loss(None, environ, root=tmp_path) is None
    assert describe_loss(tmp_path / "x.db", environ, root=tmp_path) is not None
    monkeypatch.setattr(lost_files, "_device", lambda _: -1)
    assert describe_loss(tmp_path / "x.db", environ, root=tmp_path) is None


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("/srv/data/turso-ops.db", "is on an emptyDir volume, which is deleted with the pod"),
        ("/srv/data/deep/er/turso-ops.db", "is on an emptyDir volume"),
        ("/srv/with space/turso-ops.db", "is in memory (tmpfs), and is lost at the next restart"),
        ("/srv/twice/turso-ops.db", "is in memory (ramfs)"),
    ],
)
def test_a_temporary_mount_is_named(root: Path, file: str, says: str) -> None:
    loss = describe_loss(Path(file), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, root=root)

    assert loss is not None
    assert f"The store `{file}` {says}" in loss.sentence
    assert loss.is_certain


@pytest.mark.parametrize("file", ["/srv/data/kept/turso-ops.db", "/srv/claim/turso-ops.db", "/srv/other/turso-ops.db"])
def test_a_permanent_mount_is_not_named(root: Path, file: str) -> None:
    assert describe_loss(Path(file), {}, root=root) is None
