"""Parts of a run on two hosts whose shared storage shows new files late and shares no locks."""

import random
import signal
import time

import pytest
from torture import network_mounts
from torture.network_mounts import LATE_S, NetworkMounts
from torture.part_victim import N_NETWORKS, N_PARTS, parted
from torture.test_kills import check_finished
from torture.test_parts_at_once import PartProcess

import gridjax as gj
from gridjax.run.storage.status import status

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not network_mounts.is_installed(), reason="needs sshfs, socat and sftp-server"
    ),
]
SEED, N_STEPS, N_KILLS, LONGEST_S = 20261128, 40_000, 8, 900.0


@pytest.fixture
def mounts(tmp_path):
    """Two mounts of one folder; as long as one lags, the other does not show what it writes."""
    found = NetworkMounts(tmp_path)
    one, other = (host / "seen" for host in found.hosts)
    assert not other.exists()
    one.touch()
    assert not other.exists(), "the mounts show new files at once"
    yield found
    found.close()


class Part(PartProcess):
    """A part that goes to the other host each time it is started again."""

    steps = N_STEPS

    def __init__(self, hosts, number):
        self.hosts = hosts if number % 2 else hosts[::-1]
        super().__init__(self.hosts[0] / "run", number)

    def start(self):
        self.folder = self.hosts[len(self.codes) % 2] / "run"
        super().start()


def test_four_parts_on_two_hosts_are_killed_and_move_to_the_other_host(mounts, tmp_path, capsys):
    draw, whole = random.Random(SEED), tmp_path / "whole"
    gj.train(parted(N_STEPS), whole)
    parts, n_kills, began = [], 0, time.monotonic()
    try:
        parts += [Part(mounts.hosts, number) for number in range(1, N_PARTS + 1)]
        while sum(part.is_done() for part in parts) < N_PARTS:
            assert time.monotonic() < began + LONGEST_S
            time.sleep(draw.uniform(0, 3))
            running = [part for part in parts if part.is_training()]
            if running and n_kills < N_KILLS:
                draw.choice(running).process.send_signal(signal.SIGKILL)
                n_kills += 1
    finally:
        for part in parts:
            part.end()
    made, needed = sum(part.n_steps for part in parts), N_NETWORKS * N_STEPS
    with capsys.disabled():
        print(
            f"\n{n_kills} kills (seed {SEED}) in {time.monotonic() - began:.0f} s:"
            f" {made:,} steps made, {made / needed - 1:+.1%} of those needed"
        )
    time.sleep(LATE_S)
    for place in (*mounts.hosts, mounts.stored):
        networks = gj.open_run(place / "run").networks
        assert len(networks) == networks["run_id"].nunique() == N_NETWORKS
        assert status(place / "run")["parts"]["finished"] == list(range(1, N_PARTS + 1))
    check_finished(mounts.stored / "run", whole)
