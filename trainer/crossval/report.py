"""What a cross-validation came to, as files: tables as CSV and LaTeX, figures as JSON, out-of-fold predictions, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core import atomic
from sos_studio.core.crossval import Arm, CrossvalSettings
from sos_studio.core.manifests import Manifest
from sos_studio.core.staging_statistics import FIGURES
from sos_studio.core.tables import Table, as_csv
from trainer.crossval import paper
from trainer.crossval.paper import PaperRow
from trainer.crossval.records import UnitRecord
from trainer.crossval.results import ArmResult, arm_results, compare, detector_summaries

REPORT_FILE, PREDICTIONS_FILE, PLOTS_DIR = "report.json", "predictions.csv", "plots"
_COLUMNS = (
    "Model",
    "Version",
    "Paper acc. (%)",
    "Ours acc. (%) [95 % CI]",
    "Folds, mean ± SD",
    "Paper P/R/F1 (%)",
    "Ours P/R/F1 (%)",
    "Start",
)
_MORE = (
    "Model",
    "Version",
    "Macro-F1",
    "MAE (stages)",
    "Within one (%)",
    "Quadratic κ",
    "ECE",
    "Set coverage (%)",
    "Set size",
    "In frame (%)",
)
_SAYS = "–"


@dataclass(frozen=True)
class Report:
    """Everything, computed once.

    Attributes
    ----------
    arms
        Those that stage and trained well, in the order that was asked for.
    summaries
        By arm's name.
    """

    asked: CrossvalSettings
    manifest: Manifest
    seed: int
    arms: tuple[ArmResult, ...]
    summaries: Mapping[str, dict[str, Any]]
    comparisons: tuple[dict[str, Any], ...]
    detectors: tuple[dict[str, Any], ...]
    failures: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, asked: CrossvalSettings, records: Sequence[UnitRecord], manifest: Manifest, *, seed: int, confidence: float) -> Report:
        """From the records of all arms in all folds."""
        arms = arm_results(asked.arms, records, manifest, asked.coverage)
        # The later a method is, the more it brings: a difference above zero says that it is worth it.
        pairs = [(arms[b], arms[a]) for a in range(len(arms)) for b in range(a + 1, len(arms))]
        compared = [compare(first, second, asked.repeats, seed) for first, second in pairs]
        return cls(
            asked,
            manifest,
            seed,
            tuple(arms),
            {result.arm.name: result.summary(asked.repeats, seed) for result in arms},
            tuple(found for found in compared if found is not None),
            detector_summaries(records, manifest, confidence),
            tuple({"arm": r.arm.name, "fold": r.fold + 1, "code": r.failure} for r in records if r.failure),
        )

    def as_data(self) -> dict[str, Any]:
        """Content of ``report.json``."""
        return {
            "schema_version": 1,
            "manifest": self.manifest.manifest_id,
            "phantom": self.manifest.phantom,
            "folds": [fold + 1 for fold in self.asked.folds],
            "repeats": self.asked.repeats,
            "seed": self.seed,
            "arms": dict(self.summaries),
            "detector": next(iter(self.detectors), None),
            "detectors": list(self.detectors),
            "comparisons": list(self.comparisons),
            "failures": list(self.failures),
            "tables": [table.as_data() for table in self.tables()],
        }

    # --- tables --------------------------------------------------------------------------------------------------

    def tables(self) -> list[Table]:
        """The paper's tables that were asked for, what else was compared, and the tests."""
        tables = [self._paper_table(n, rows) for n, rows in ((1, paper.TABLE_1), (2, paper.TABLE_2)) if n in self.asked.tables]
        of_tables = {
            (row.method, row.network) for n, rows in ((1, paper.TABLE_1), (2, paper.TABLE_2)) if n in self.asked.tables for row in rows
        }
        others = [a for a in self.arms if a.arm.setting or (a.arm.method, a.arm.network) not in of_tables]
        if others:
            name, title = ("ablation", "Ablation") if self.asked.ablation else ("arms", "Methods compared")
            rows = [_row(a.arm.network, paper.version(a.arm), _paper_of(a.arm), self.summaries[a.arm.name]) for a in others]
            tables.append(Table(name, title, _COLUMNS, tuple(rows), self._notes()))
        if self.arms:
            more = tuple(_more_row(a.arm, self.summaries[a.arm.name]) for a in self.arms)
            tables.append(Table("figures", "Further figures, pooled over the folds", _MORE, more, self._more_notes()))
            tables += [self._stage_table(), self._calibration_table()]
        tables += [_detector_table(n, summary, self._notes()) for n, summary in enumerate(self.detectors)]
        if self.comparisons:
            tables.append(self._comparison_table())
        return tables

    def _paper_table(self, number: int, rows: Sequence[PaperRow]) -> Table:
        what = "Trained and tested on the expert's crops" if number == 1 else "Trained and tested on full images"
        cells = []
        for row in rows:
            summary = self.summaries.get(Arm(method=row.method, network=row.network).name)
            cells.append(_row(row.model, row.version, row, summary))
        return Table(f"table-{number}", f"Table {number} of the paper beside this dataset: {what}", _COLUMNS, tuple(cells), self._notes())

    def _notes(self) -> tuple[str, ...]:
        cases = sorted({summary["n"] for summary in self.summaries.values()})
        folds = len(self.asked.folds)
        data = "synthetic phantoms: no clinical figures" if self.manifest.phantom else "this project's cases"
        notes = [
            f"Ours: out of fold, pooled over {folds} fold{'s' if folds > 1 else ''}, {' or '.join(map(str, cases)) or 'no'} cases, {data}; "
            "95 % bootstrap intervals by patient; precision, recall and F1 weighted by stage.",
            f"Paper: {paper.CASES} images of its own patients; the two columns are of different data.",
        ]
        if any(summary["from_scratch"] for summary in self.summaries.values()):
            notes.append("From scratch: no network began with ImageNet weights; the paper does not say how its networks began.")
        notes += [f"{failure['arm']} did not train in fold {failure['fold']}." for failure in self.failures]
        return tuple(notes)

    def _more_notes(self) -> tuple[str, ...]:
        promised = f"{100 * self.asked.coverage:.0f} %"
        return (
            f"Set: neighbouring stages that hold the true one with {promised} promised, calibrated on the inner split of each fold. "
            "In frame: share of the attention inside the expert's frame. Probabilities are calibrated by one temperature per fold.",
        )

    def _stage_table(self) -> Table:
        """Recall of each stage: what averages hide, above all of the rare stages 2 and 3."""
        first = next(iter(self.summaries.values()))["recall_by_stage"]
        columns = ("Model", "Version", *(f"Stage {stage['stage']} ({stage['n']} cases)" for stage in first))
        rows = []
        for result in self.arms:
            recalls = self.summaries[result.arm.name]["recall_by_stage"]
            rows.append((result.arm.network, paper.version(result.arm), *(_with_limits(recall) for recall in recalls)))
        notes: tuple[str, ...] = ("Share of each stage's cases that were staged rightly, in per cent, with Wilson's 95 % interval.",)
        if len({tuple(stage["n"] for stage in s["recall_by_stage"]) for s in self.summaries.values()}) > 1:
            notes += ("Methods on crops judge only cases that have one; the counts are the first row's.",)
        return Table("stages", "Recall of each stage, pooled over the folds", columns, tuple(rows), notes)

    def _calibration_table(self) -> Table:
        """Whether the probabilities can be believed, before and after the temperature."""
        columns = (
            "Model",
            "Version",
            "Temperature, folds",
            "ECE before",
            "after",
            "After − before [95 % CI]",
            "NLL before",
            "after (nats)",
        )
        rows = []
        for result in self.arms:
            found = self.summaries[result.arm.name]["calibration"]
            ece, nll, temperatures = found["ece"], found["negative_log_likelihood"], sorted(found["temperatures"])
            told = f"{temperatures[0]:.2f} … {temperatures[-1]:.2f}" if len(temperatures) > 1 else f"{temperatures[0]:.2f}"
            change = _signed(found["ece_difference"])
            numbers = [_SAYS if value is None else f"{value:.3f}" for value in (*ece.values(), *nll.values())]
            rows.append((result.arm.network, paper.version(result.arm), told, *numbers[:2], change, *numbers[2:]))
        notes = (
            "Held-out cases, pooled over the folds. Each fold's temperature was fitted to its inner split alone. ECE: expected calibration "
            "error, ten bins; its change in percentage points. NLL: mean negative log-likelihood in nats.",
        )
        return Table("calibration", "Calibration of the probabilities, before and after the temperature", columns, tuple(rows), notes)

    def _comparison_table(self) -> Table:
        columns = (
            "First",
            "Second",
            "Cases",
            "Accuracy, first − second [95 % CI]",
            "Macro-F1",
            "Only first : second",
            "McNemar exact",
            "mid-p",
        )
        rows = []
        for found in self.comparisons:
            test, differences = found["mcnemar"], found["differences"]
            sides = f"{test['only_first']} : {test['only_second']}"
            accuracy, f1 = (_signed(differences[name]) for name in ("accuracy", "macro_f1"))
            rows.append((found["first"], found["second"], str(found["n"]), accuracy, f1, sides, _p(test["p_exact"]), _p(test["p_mid"])))
        notes = ("Paired on the same cases, in percentage points; not corrected for the number of comparisons.",)
        return Table("comparisons", "Paired comparisons", columns, tuple(rows), notes)

    # --- files ---------------------------------------------------------------------------------------------------

    def write(self, directory: Path, *, plots: bool = True) -> list[Path]:
        """All files, in a folder that is there."""
        contents = {
            PREDICTIONS_FILE: self.predictions_csv(),
            "folds.csv": self._folds_csv(),
            "pooled.csv": self._pooled_csv(),
            "comparisons-all.csv": self._comparisons_csv(),
        }
        for table in self.tables():
            contents[f"{table.name}.csv"] = as_csv(table.columns, table.rows)
            contents[f"{table.name}.tex"] = table.as_latex()
        for name, text in contents.items():
            atomic.write_text(directory / name, text)
        atomic.write_json(directory / REPORT_FILE, self.as_data())
        written = [directory / name for name in (*contents, REPORT_FILE)]
        if plots and self.arms:
            from trainer.crossval.plots import draw

            (directory / PLOTS_DIR).mkdir(exist_ok=True)
            written += draw(self.arms, directory / PLOTS_DIR)
        return written

    def predictions_csv(self) -> str:
        """Out-of-fold probabilities of every arm: case and fold, never a patient."""
        stages = self.arms[0].probabilities_NK.shape[1] if self.arms else 0
        columns = [
            "case",
            "fold",
            "arm",
            "stage",
            "predicted",
            *(f"p{k + 1}" for k in range(stages)),
            "set_first",
            "set_last",
            "attention_in_roi",
        ]
        rows: list[list[object]] = []
        for result in self.arms:
            first_N, last_N = result.sets
            fold_N = np.repeat([r.fold for r in result.records], [len(r.held_out) for r in result.records])
            for n, case in enumerate(result.cases):
                p_K = result.probabilities_NK[n]
                said = [int(p_K.argmax()) + 1, *map(float, p_K), int(first_N[n]) + 1, int(last_N[n]) + 1, case.attention]
                rows.append([case.case_id, int(fold_N[n]) + 1, result.arm.name, case.stage, *said])
        return as_csv(columns, rows)

    def _folds_csv(self) -> str:
        rows = [
            [name, fold["fold"], int(fold["n"]), *(fold[f] for f in FIGURES)] for name, s in self.summaries.items() for fold in s["folds"]
        ]
        return as_csv(["arm", "fold", "n", *FIGURES], rows)

    def _pooled_csv(self) -> str:
        columns = ["arm", "from_scratch", "n", "patients", "correct"]
        columns += [f"{figure}{part}" for figure in FIGURES for part in ("", "_low", "_high", "_fold_mean", "_fold_sd")]
        rows: list[list[object]] = []
        for name, summary in self.summaries.items():
            row: list[object] = [name, summary["from_scratch"], summary["n"], summary["patients"], summary["correct"]]
            for figure in FIGURES:
                found = summary["pooled"][figure]
                row += [found["value"], found["low"], found["high"], *summary["fold_mean_sd"][figure]]
            rows.append(row)
        return as_csv(columns, rows)

    def _comparisons_csv(self) -> str:
        columns = ["first", "second", "n", *(f"{figure}{part}" for figure in FIGURES for part in ("", "_low", "_high"))]
        rows = [
            [
                c["first"],
                c["second"],
                c["n"],
                *(c["differences"][f][part] for f in FIGURES for part in ("value", "low", "high")),
                *c["mcnemar"].values(),
            ]
            for c in self.comparisons
        ]
        return as_csv([*columns, "only_first", "only_second", "p_exact", "p_mid"], rows)


def _paper_of(arm: Arm) -> PaperRow | None:
    if arm.setting:
        return None
    return next((row for row in (*paper.TABLE_1, *paper.TABLE_2) if (row.method, row.network) == (arm.method, arm.network)), None)


def _row(model: str, version: str, row: PaperRow | None, summary: Mapping[str, Any] | None) -> tuple[str, ...]:
    theirs = _SAYS if row is None else f"{row.accuracy:.2f}"
    their_rates = _SAYS if row is None or row.precision is None else f"{row.precision:.2f} / {row.recall:.2f} / {row.f1:.2f}"
    if summary is None:
        return (model, version, theirs, _SAYS, _SAYS, their_rates, _SAYS, _SAYS)
    pooled = summary["pooled"]
    mean, sd = summary["fold_mean_sd"]["accuracy"]
    folds = _SAYS if mean is None else _percent(mean) + ("" if sd is None else f" ± {_percent(sd)}")
    rates = " / ".join(_percent(pooled[name]["value"]) for name in ("precision", "recall", "f1"))
    start = "from scratch" if summary["from_scratch"] else "starting weights"
    return (model, version, theirs, _with_limits(pooled["accuracy"]), folds, their_rates, rates, start)


def _more_row(arm: Arm, summary: Mapping[str, Any]) -> tuple[str, ...]:
    pooled, sets = summary["pooled"], summary["stage_sets"]
    plain = [
        f"{pooled[name]['value']:.3f}" if pooled[name]["value"] is not None else _SAYS
        for name in ("macro_f1", "mae_stages", "kappa", "ece")
    ]
    return (
        arm.network,
        paper.version(arm),
        plain[0],
        plain[1],
        _percent(pooled["within_one"]["value"]),
        plain[2],
        plain[3],
        _percent(sets["coverage"]["value"]),
        f"{sets['mean_size']:.2f}",
        _percent(summary["attention_in_roi"]["mean"]),
    )


def _detector_table(number: int, summary: Mapping[str, Any], notes: tuple[str, ...]) -> Table:
    pooled, spread = summary["pooled"], summary["fold_mean_sd"]

    def both(name: str, scale: float) -> tuple[str, str]:
        mean, sd = spread[name]
        value = pooled[name]
        told = _SAYS if value is None else f"{scale * value:.2f}"
        return told, _SAYS if mean is None else f"{scale * mean:.2f}" + ("" if sd is None else f" ± {scale * sd:.2f}")

    rows = (
        # The paper's boxes are upright.
        ("mAP@0.5, upright boxes (%)", f"{paper.DETECTOR_MAP50:.1f}", *both("upright_map50", 100)),
        ("mAP@0.5:0.95, upright boxes (%)", _SAYS, *both("upright_map50_95", 100)),
        ("mAP@0.5, turned frames (%)", _SAYS, *both("map50", 100)),
        ("mAP@0.5:0.95, turned frames (%)", _SAYS, *both("map50_95", 100)),
        ("Centre inside the frame (%)", _SAYS, *both("hit_rate", 100)),
        ("Missed (%)", _SAYS, *both("miss_rate", 100)),
        ("Centre error, median (mm)", _SAYS, *both("center_error_mm", 1)),
        ("Angle error, median (°)", _SAYS, *both("angle_error_deg", 1)),
    )
    name = "detector" if number == 0 else f"detector-{number + 1}"
    return Table(name, f"Detector {summary['network']}", ("Figure", "Paper", "Ours, pooled", "Folds, mean ± SD"), rows, notes[:2])


def _percent(value: float | None) -> str:
    return _SAYS if value is None else f"{100 * value:.2f}"


def _with_limits(found: Mapping[str, float | None]) -> str:
    if found["low"] is None or found["high"] is None:
        return _percent(found["value"])
    return f"{_percent(found['value'])} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def _signed(found: Mapping[str, float | None]) -> str:
    value, low, high = found["value"], found["low"], found["high"]
    if value is None or low is None or high is None:
        return _SAYS
    return f"{100 * value:+.2f} [{100 * low:+.1f}, {100 * high:+.1f}]".replace("-", "−")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
