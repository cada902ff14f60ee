"""mailseal watch follows what one core can: mixed traffic on a veth pair (bench/watch_speed.py). SOAK=1:
the long form, 1 Gbit/s and what the generator can, with 100,000 connections open at once."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

import watch_speed  # noqa: E402

pytestmark = [pytest.mark.speed, pytest.mark.skipif(os.geteuid() != 0, reason="makes interfaces as root")]

SOAK = bool(os.environ.get("SOAK"))
PROMISED_MIB = 256 + 64  # mailseal-watch(8), LIMITS, and the ring


def measured(**options):
    figures = watch_speed.measure(**options)
    print(f"\n{figures['gbit_per_s']:.2f} Gbit/s, {figures['packets_per_s']} packets/s of {figures['bytes_per_packet']} bytes, "
          f"{figures['connections']} connections: {figures['lost_percent']:.2f} % lost, {figures['watch_cpu_s']:.2f} s of CPU "
          f"in {figures['seconds']:.0f} s, {figures['rss_mib']} MiB")
    assert not figures["not_found"], "a protocol was not found"
    assert figures["rss_mib"] < PROMISED_MIB
    return figures


@pytest.mark.skipif(SOAK, reason="the short form")
def test_a_fifth_of_a_gigabit():
    assert measured(gbit=0.2, seconds=4, connections=20000)["lost_percent"] < 1


@pytest.mark.skipif(not SOAK, reason="SOAK=1: the long form")
@pytest.mark.parametrize("own_core", [False, True])
def test_a_gigabit(own_core):
    """own_core: what the kernel does to hand packets over is done on watch's core too."""
    figures = measured(gbit=1, seconds=15, connections=100000, own_core=own_core, first=True)
    assert figures["lost_percent"] < 1


@pytest.mark.skipif(not SOAK, reason="SOAK=1: the long form")
def test_as_fast_as_the_generator_can():
    """What cannot be followed is counted by the kernel, and said: nothing is lost without a word."""
    figures = measured(gbit=0, seconds=10, connections=100000, first=True)
    assert figures["sent"] - figures["seen"] <= figures["lost"] + figures["sent"] // 1000
