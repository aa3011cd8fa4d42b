"""Sessions in arrays and in CSV files: what cannot be one is refused, by its file and line."""

import re

import numpy as np
import pytest

from .sessions import GOOD_CSV, changed, recording, refusal

PATH, TIMES, SPIKES = recording(seconds=30)

SESSIONS = {
    "spikes after the end": (
        {"spikes_a": [1.0, 99.0, 98.0]},
        "cell a: 2 of 3 spikes, the first at 99 s",
    ),
    "spikes before": ({"spikes_a": [-1.0, -2.0, 2.0]}, "the first at -1 s"),
    "spikes of two axes": ({"spikes_a": np.ones((2, 2))}, "spikes_a are float64 of shape (2, 2)"),
    "backwards": ({"times": TIMES[::-1]}, "times go back by 0.05 s at sample 1, from"),
    "one time": ({"times": TIMES * 0}, "all samples are at one time"),
    "booleans": ({"spikes_a": np.ones(9, bool)}, "spikes_a are booleans"),
    "times nan": ({"times": np.where(TIMES < 20, np.nan, TIMES)}, "times: sample 0 is nan"),
    "times short": ({"times": TIMES[:-1]}, "600 positions of shape (2,) at 599 times"),
    "text": ({"times": TIMES.astype(str)}, "times are <U"),
    "four columns": ({"positions": np.ones((600, 4))}, "shape (600, 4): the paths of two LEDs?"),
    "six columns": ({"positions": np.ones((600, 6))}, "shape (6,)"),
    "all lost": ({"positions": PATH * np.nan}, "0 of 600 positions"),
    "empty": ({"positions": np.ones((0, 2)), "times": []}, "0 positions"),
    "one sample": ({"positions": PATH[:1], "times": [0.0], "spikes_a": []}, "1 positions"),
    "centimetres": ({"positions": 100 * PATH}, "read in m: not an arena"),
    "still": ({"positions": PATH * 0}, "span 0 by 0 m"),
    "on a line": ({"positions": PATH * (1, 0)}, "by 0 m"),
    "in a strip": ({"positions": PATH * (1, 0.04)}, "m: a line instead of an arena"),
    "far too large": ({"positions": 3.4 * (PATH - 0.5) * 1e308}, "not an arena"),
    "objects": ({"positions": PATH.astype(object)}, "positions: cannot be read"),
    "complex": ({"positions": PATH + 1j}, "positions are complex128"),
    "one lost time": ({"times": np.append(TIMES[:-1], np.inf)}, "times: sample 599 is inf"),
    "microseconds": ({"times": 1.7e15 + 1e6 * TIMES}, "times: sample 0 is 1.7e+15"),
    "one spike": ({"spikes_a": 1.0}, "spikes_a are float64 of shape ()"),
    "no name": ({"spikes_": [1.0]}, "holds spikes_, which a session cannot have"),
    "blank name": ({"spikes_ ": [1.0]}, "holds spikes_ , which a session cannot have"),
    "coloured name": (
        {"spikes_\x1b[31m": [1.0]},
        r"'spikes_\x1b[31m', which a session cannot have",
    ),
    "no positions": ({"positions": None}, "has no positions"),
    "no spikes": ({"spikes_a": None}, "has no spikes"),
    "unknown": ({"spikess": [1.0]}, "holds spikess, which a session cannot have"),
    "mistyped": ({"spikes_times": [1.0], "spikes_cells": [1]}, "spikes_cells, spikes_times"),
    "times alone": ({"spikes_a": None, "spike_times": [1.0]}, "has no spike_cells"),
    "both forms": ({"spike_times": [1.0], "spike_cells": [1]}, "holds spike_cells, spike_times"),
    "cells of floats": (
        {"spikes_a": None, "spike_times": [1.0], "spike_cells": [1.5]},
        "spike_cells are float64",
    ),
    "cell without a name": (
        {"spikes_a": None, "spike_times": [1.0, 2.0], "spike_cells": ["", "b"]},
        "the cell's name '' is blank",
    ),
    "cell of half a character": (
        {
            "spikes_a": None,
            "spike_times": [1.0],
            "spike_cells": np.array([0xD800], np.uint32).view("U1"),
        },
        "name cells in",
    ),
    "cell of no character": (
        {
            "spikes_a": None,
            "spike_times": [1.0],
            "spike_cells": np.array([2**31 - 1], np.uint32).view("U1"),
        },
        "name cells in Unicode",
    ),
    "no cell": ({"spikes_a": None, "spike_times": [], "spike_cells": np.zeros(0, int)}, "no cell"),
    "maps too": ({"maps": np.zeros((9, 9))}, "holds maps and also positions, spikes_a, times"),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_that_cannot_be_are_refused(name, tmp_path):
    changes, words = SESSIONS[name]
    np.savez(tmp_path / "rat.npz", **changed(**changes))
    message = refusal(tmp_path / "rat.npz")
    assert message.startswith(str(tmp_path / "rat.npz"))
    assert words in message


TABLES = {
    "header": ("t,x\n1,2\n", None, "a.csv:1:1: the first line is 't,x'"),
    "one field less": (GOOD_CSV.replace("t,x,y", "t,x,y,z", 1), None, "a.csv:2: 3 fields instead"),
    "two times": (GOOD_CSV.replace("t,x,y", "time,timestamp,x", 1), None, "a.csv:1:1"),
    "another unit": (
        GOOD_CSV.replace("t,x,y", "t,x (cm),y (cm)", 1),
        "t,cell\n1,A\n",
        "a.csv:1: the header of x names cm, and --units is m",
    ),
    "no header": (GOOD_CSV[6:], None, "a.csv:1:1: the first line is '0,0.0,0.0'"),
    "semicolons": (GOOD_CSV.replace(",", ";"), None, "a.spikes.csv does not exist"),
    "bars": (GOOD_CSV.replace(",", "|"), None, "a.csv:1:1"),
    "empty": ("", None, "a.csv:1:1: is empty"),
    "word": (GOOD_CSV.replace("\n3,", "\n3,oops,"), None, "a.csv:5: 4 fields instead of 3"),
    "no number": (GOOD_CSV.replace("\n3,", "\n3,1m#", 1), None, "a.csv:5"),
    "number": (
        GOOD_CSV.replace("2,0.2222222222222222,", "2, zwei,"),
        None,
        "a.csv:4:3: x is 'zwei'",
    ),
    "order": (GOOD_CSV.replace("\n3,", "\n1,"), "t,cell\n1,A\n", "a.csv:5: times go back by 1 s"),
    "no time": (
        re.sub("\n[3-8],", "\n,", GOOD_CSV),
        "t,cell\n1,A\n",
        "a.csv:5: times: sample 3 is nan",
    ),
    "outside": (GOOD_CSV, "t,cell\n1,A\n\n77,A\n78,A\n", "a.spikes.csv:4: cell A: 2 of 3 spikes"),
    "control": (
        GOOD_CSV,
        "t,cell\n1,A\n2,\x07\n",
        "a.spikes.csv:3: the cell's name '\\x07' holds control",
    ),
    "nameless": (GOOD_CSV, "t,cell\n1,\n", "a.spikes.csv:2: cell is empty"),
    "no cells": (GOOD_CSV, "t,cell\n", "a.spikes.csv: holds no cell"),
    "no spikes": (GOOD_CSV, None, "a.spikes.csv does not exist"),
    "quote": (GOOD_CSV, 't,cell\n1,"A\n', "a.spikes.csv: cannot be read"),
    "latin": (GOOD_CSV, b"t,cell\n1,\xe4\n", "a.spikes.csv: cannot be read"),
}


@pytest.mark.parametrize("name", TABLES)
def test_csv_sessions_say_the_line(name, tmp_path):
    samples, spikes, words = TABLES[name]
    (tmp_path / "a.csv").write_text(samples)
    if spikes is not None:
        content = spikes if isinstance(spikes, bytes) else spikes.encode()
        (tmp_path / "a.spikes.csv").write_bytes(content)
    assert words in refusal(tmp_path / "a.csv")
