"""python3 -m unittest discover -s bench/peers -t bench/peers"""

from __future__ import annotations

import math
import sys
import tempfile
import unittest
from pathlib import Path

from compare import rows
from compare.agreement import Disagreement, gradients_agree, losses_agree
from compare.neighbours import Neighbours
from compare.process import ContenderFailed, Process
from compare.ratios import Interval, paired_ratio
from compare.report import Report, duration
from compare.roster import Entrant, entrants
from compare.rounds import Contest, rotated
from compare.rows import FLOW, GRADIENT, TIME_TO_LOSS, Row


class Ratios(unittest.TestCase):
    def test_a_drift_that_both_halves_share_does_not_widen_the_interval(self) -> None:
        pairs = [(2.0 * i, float(i)) for i in range(1, 10)]
        self.assertEqual(paired_ratio(pairs, 500, 0.95, 1), Interval(2.0, 2.0, 2.0))

    def test_the_interval_covers_the_median_and_stays_for_a_seed(self) -> None:
        pairs = [(2.0 + 0.1 * i, 1.0) for i in range(9)]
        interval = paired_ratio(pairs, 500, 0.95, 1)
        assert interval
        self.assertAlmostEqual(interval.median, 2.4)
        self.assertLess(interval.low, 2.4)
        self.assertGreater(interval.high, 2.4)
        self.assertEqual(interval, paired_ratio(pairs, 500, 0.95, 1))

    def test_of_three_it_is_the_smallest_and_the_largest(self) -> None:
        pairs = [(1.0, 1.0), (2.0, 1.0), (4.0, 1.0)]
        self.assertEqual(paired_ratio(pairs, 2000, 0.95, 1), Interval(2.0, 1.0, 4.0))

    def test_without_pairs_there_is_none(self) -> None:
        self.assertIsNone(paired_ratio([], 10, 0.95, 1))


class Agreement(unittest.TestCase):
    def test_who_differs_is_named(self) -> None:
        losses = {"a": 0.5, "b": 0.500001, "odd": 0.51}
        with self.assertRaisesRegex(Disagreement, r"a8a.*odd by 0.02 \(0.51\).*a 0.5"):
            losses_agree(losses, 1e-4, "a8a")
        self.assertLess(losses_agree({"a": 0.5, "b": 0.500001}, 1e-4, "a8a"), 2e-6)

    def test_what_is_not_a_number_does_not_agree(self) -> None:
        with self.assertRaisesRegex(Disagreement, "odd"):
            losses_agree({"a": 0.5, "b": 0.5, "c": 0.5, "odd": math.nan}, 1e-4, "a8a")

    def test_gradients_are_compared_in_the_norm(self) -> None:
        same = {"a": [3.0, 4.0], "b": [3.0, 4.0], "c": [3.0, 4.0]}
        self.assertEqual(gradients_agree(same, 1e-5, "a8a"), 0)
        with self.assertRaisesRegex(Disagreement, "c by 0.02"):
            gradients_agree(same | {"c": [3.0, 4.1]}, 1e-5, "a8a")
        with self.assertRaisesRegex(Disagreement, "lengths"):
            gradients_agree(same | {"c": [3.0]}, 1e-5, "a8a")


class Rounds(unittest.TestCase):
    def test_everybody_is_first_once(self) -> None:
        orders = [rotated(["a", "b", "c"], r) for r in range(4)]
        self.assertEqual([order[0] for order in orders], ["a", "b", "c", "a"])
        self.assertEqual(orders[1], ["b", "c", "a"])


class Listening(unittest.TestCase):
    def test_a_share_is_one(self) -> None:
        neighbours = Neighbours()
        self.assertIsNone(neighbours.share())
        neighbours.rest(0.3)
        share = neighbours.share()
        self.assertTrue(share is None or 0 <= share <= 1)


class Roster(unittest.TestCase):
    PLAN = {
        "window": {
            "width": 4,
            "predictor": "copy",
            "tolerance": 1e-3,
            "method": "picard",
            "memory": 0,
            "surrogate_rows": 0,
            "across_flows": False,
        },
        "windows": {},
        "lbfgs": {"memory": 10, "iterations": 100},
        "seed": 1,
    }

    def keys(self, missing: set[str], gpu: int | None) -> dict[str, tuple[str, ...]]:
        path = Path("x")
        them = entrants(self.PLAN, "a8a", path, path, path, missing, gpu)
        return {e.key: e.command for e in them}

    def test_on_a_gpu_only_those_take_part_that_compute_there(self) -> None:
        keys = self.keys(set(), 1)
        self.assertLessEqual({"ours", "ours-composed", "jax-closed", "torch"}, set(keys))
        self.assertNotIn("numpy", keys)
        self.assertNotIn("scipy-lbfgs", keys)
        self.assertEqual(keys["ours"][-2:], ("--device", "cuda:1"))
        self.assertEqual(keys["torch"][-2:], ("--gpu", "1"))

    def test_who_is_not_installed_stays_away(self) -> None:
        self.assertNotIn("torch", self.keys({"torch"}, None))
        self.assertIn("jax-closed", self.keys({"torch"}, None))
        self.assertNotIn("jax-closed", self.keys({"jax"}, 0))
        self.assertNotIn("ours-composed", self.keys(set(), None))


class Processes(unittest.TestCase):
    SCRIPT = """
import sys
print('{"ready": true, "versions": "1"}', flush=True)
for line in sys.stdin:
    if line == "die\\n": sys.exit("of old age")
    if line == "quit\\n": break
    print('{"error": "no"}' if line == "fail\\n" else '{"seconds": 1}', flush=True)
"""

    def setUp(self) -> None:
        command = [sys.executable, "-c", self.SCRIPT]
        self.process = Process("mine", command, Path("."))
        self.addCleanup(self.process.close)

    def test_it_is_asked_and_answers(self) -> None:
        self.assertEqual(self.process.ready(), "1")
        self.assertEqual(self.process.ask("flow"), {"seconds": 1})

    def test_an_error_names_the_contender_and_the_next_question_is_answered(self) -> None:
        self.process.ready()
        with self.assertRaisesRegex(ContenderFailed, "mine: no"):
            self.process.ask("fail")
        self.assertEqual(self.process.ask("flow"), {"seconds": 1})

    def test_last_words_are_told(self) -> None:
        self.process.ready()
        with self.assertRaisesRegex(ContenderFailed, "(?s)mine, die.*of old age"):
            self.process.ask("die")

    def test_what_cannot_start_is_told(self) -> None:
        with self.assertRaisesRegex(ContenderFailed, "starting nobody"):
            Process("nobody", ["/nowhere/nobody"], Path("."))

    def test_only_a_comparison_of_the_cpu_hides_the_gpu(self) -> None:
        def hidden(gpu: int | None) -> bool:
            wanted = "CUDA_VISIBLE_DEVICES"
            script = "import json, os; print(json.dumps({'versions': os.environ.get('%s', '0')}))"
            process = Process("mine", [sys.executable, "-c", script % wanted], Path("."), gpu)
            self.addCleanup(process.close)
            return process.ready() == ""

        self.assertTrue(hidden(None))
        self.assertFalse(hidden(0))


class Contests(unittest.TestCase):
    ANSWERS = """
import sys
print('{"versions": "1"}', flush=True)
for line in sys.stdin:
    print('{"gradient": [3.0], "loss": 0.5, "seconds": 1}', flush=True)
"""
    PLAN = {
        "agreement": {"gradient": 1e-5, "loss": 1e-4},
        "gradient": {"windows": [1], "seconds": 1},
        "rest_s": 0,
    }

    def contest(self, broken: str) -> Contest:
        def entrant(key: str) -> Entrant:
            script = "raise SystemExit('no library')" if key == broken else self.ANSWERS
            command = (sys.executable, "-c", script)
            return Entrant(key, key, frozenset({GRADIENT, FLOW}), command)

        return Contest(self.PLAN, "a8a", [entrant("ours"), entrant("torch")], lambda _: None)

    def test_a_peer_that_does_not_start_is_left_out_and_said_so(self) -> None:
        measured = self.contest("torch").run(1, Path("."))
        left_out = [row for row in measured if row.what == rows.LEFT_OUT]
        self.assertEqual([row.contender for row in left_out], ["torch"])
        self.assertIn("no library", left_out[0].note)
        self.assertEqual({row.contender for row in measured if row.what == FLOW}, {"ours"})

    def test_without_us_there_is_no_comparison(self) -> None:
        with self.assertRaisesRegex(ContenderFailed, "no library"):
            self.contest("ours").run(1, Path("."))


def timed(what: str, who: str, seconds: list[float | None], **more: object) -> list[Row]:
    return [
        Row(what, round=i + 1, contender=who, dataset="a8a", seconds=s, **more)
        for i, s in enumerate(seconds)
    ]


KNOWN = [
    Row(rows.ABOUT, contender="resamples", note="200"),
    Row(rows.ABOUT, contender="confidence", note="0.95"),
    Row(rows.ABOUT, contender="seed", note="1"),
    Row(rows.CONTENDER, contender="ours", note="this project; step by step"),
    Row(rows.CONTENDER, contender="ours-window", note="window"),
    Row(rows.CONTENDER, contender="numpy", note="NumPy"),
    Row(rows.CONTENDER, contender="scipy-lbfgs", note="SciPy"),
    Row(rows.DATA, dataset="a8a", note="real, K = 6"),
]
TIMES = (
    timed(GRADIENT, "ours", [0.001, 0.002], window=1)
    + timed(GRADIENT, "numpy", [0.003, 0.006], window=1)
    + timed(FLOW, "ours", [1.0, 1.0], loss=0.4)
    + timed(FLOW, "ours-window", [0.5, 0.5], loss=0.4)
    + timed(FLOW, "numpy", [2.0, 2.0], loss=0.4)
    + timed(TIME_TO_LOSS, "scipy-lbfgs", [0.25, 0.25], loss=0.39, note="9 iterations")
)


class Reports(unittest.TestCase):
    def test_cells_hold_times_and_paired_ratios(self) -> None:
        text = Report(KNOWN + TIMES).markdown()
        self.assertIn("| this project | 1.5 ms |", text)
        self.assertIn("| this project; step by step | 1 s |", text)
        self.assertIn("| NumPy | 4.5 ms, 3.00x [3.00, 3.00] |", text)
        self.assertIn("| NumPy | 2 s, 4.00x [4.00, 4.00] |", text)
        self.assertIn("| SciPy | 250 ms, 0.25x [0.25, 0.25], 9 iterations |", text)
        self.assertIn("| SciPy | 250 ms, 0.50x [0.50, 0.50], 9 iterations |", text)
        self.assertNotIn("SURROGATE", text)

    def test_a_loss_not_reached_is_no_time(self) -> None:
        lost = timed(TIME_TO_LOSS, "scipy-lbfgs", [None], loss=0.45, note="500 iterations")
        text = Report(KNOWN + TIMES[:-2] + lost).markdown()
        self.assertIn("| SciPy | not reached, 0.4500 after 500 iterations |", text)

    def test_generated_data_is_said_to_be_so(self) -> None:
        known = [*KNOWN[:-1], Row(rows.DATA, dataset="a8a", note="surrogate, K = 6")]
        self.assertIn("SURROGATE DATA: a8a", Report(known + TIMES).markdown())

    def test_a_busy_machine_is_told_first_and_a_quiet_one_is_not(self) -> None:
        def report(share: str) -> str:
            heard = Row(rows.NEIGHBOURS, dataset="a8a", note=share)
            return Report([*KNOWN, *TIMES, heard]).markdown()

        self.assertIn("other programs used up to 20% of it", report("0.2"))
        for quiet in ("0.01", "unknown"):
            self.assertNotIn("not ours alone", report(quiet))

    def test_the_file_makes_the_same_report_again(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "peers.csv"
            rows.write(KNOWN + TIMES, path)
            again = rows.read(path)
        self.assertEqual(again, KNOWN + TIMES)
        self.assertEqual(Report(again).markdown(), Report(KNOWN + TIMES).markdown())

    def test_durations_have_a_unit_that_suits(self) -> None:
        shown = [duration(s) for s in (2.0, 0.0123, 0.000012)]
        self.assertEqual(shown, ["2 s", "12.3 ms", "12 µs"])


if __name__ == "__main__":
    unittest.main()
