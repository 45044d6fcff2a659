"""The facts of a dataset that its datasheet tells: counts, never a case of its own, so that nobody can be found in them by pseudonym."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from pydantic import ValidationError

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.consensus import Rule, standing_decision
from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import consensus, manifests, near_duplicates, sql
from sos_studio.dataset.captures import RECORD_FILE
from sos_studio.dataset.case_flow import CaseFlow, flow_of, place_of
from sos_studio.dataset.cases import CaseSummary, cases
from sos_studio.dataset.export_files import Writer
from sos_studio.dataset.label_table import IMPORTED_EVALUATOR
from sos_studio.dataset.project import CAPTURES_DIR, Project
from sos_studio.dataset.readings import all_readings
from sos_studio.dataset.splits import folds_given


@dataclass(frozen=True)
class PersonFacts:
    """One evaluator, under the name that the export uses: standing readings of included cases."""

    name: str
    readings: int
    blinded: int
    ai_seen: int
    ambiguous: int


@dataclass(frozen=True)
class PairFacts:
    """Two evaluators on the included cases that both read: matrix[stage of first][stage of second], stages from 1."""

    first: str
    second: str
    matrix: tuple[tuple[int, ...], ...]

    @property
    def cases(self) -> int:
        """Read by both."""
        return sum(map(sum, self.matrix))

    def within(self, stages: int) -> int:
        """How many of `cases` differ by at most that many stages."""
        return sum(n for i, row in enumerate(self.matrix) for j, n in enumerate(row) if abs(i - j) <= stages)


@dataclass(frozen=True)
class ImageFacts:
    """How the included full images came about; counts by value.

    Attributes
    ----------
    captured, drawn, imported
        Cut from scans here; drawn by the program, in a phantom project; brought in as pictures.
    crops_alone
        How many of `imported` are crops without a full image: their sizes are `crop_heights_px`, `crop_widths_px`, in no others.
    spacings_mm
        Pixel sizes, rounded to a micrometre; None: unknown.
    slabs_mm, interpolations, software
        As captures' records say.
    tilt_corrected
        Cut from scans whose gantry tilt was taken out.
    unreadable
        Records that could not be read; they are in none of the counts above.
    """

    captured: int = 0
    drawn: int = 0
    imported: int = 0
    crops_alone: int = 0
    mirrored: int = 0
    framed: int = 0
    tilt_corrected: int = 0
    unreadable: int = 0
    spacings_mm: Counter[float | None] = field(default_factory=Counter)
    slabs_mm: Counter[float] = field(default_factory=Counter)
    interpolations: Counter[str] = field(default_factory=Counter)
    software: Counter[str] = field(default_factory=Counter)
    heights_px: tuple[int, int] = (0, 0)
    widths_px: tuple[int, int] = (0, 0)
    crop_heights_px: tuple[int, int] = (0, 0)
    crop_widths_px: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Facts:
    """All of it. "Included" is what `CaseFlow.included` counts.

    Attributes
    ----------
    ages_by_stage
        Ages in years of included cases, where the project keeps them, by label.
    sexes_by_stage
        Cases by label and sex (F, M, or empty for unknown).
    unnamed
        Standing readings of included cases that came from tables without an evaluator's name: nobody of `people` and `pairs`.
    folds
        Included cases by fold, from 0, and label; patients without a fold are in none.
    ambiguous_decided
        How many of the cases called ambiguous an adjudicator called so.
    evaluators_per_case
        Included cases by number of standing readings.
    adjudicated
        Included cases whose label a person decided.
    same_picture, same_scan
        Groups of included cases that share one and the same full image, or one and the same scan.
    near_pictures
        Pairs of included cases whose full images look nearly alike (`near_duplicates`), the same ones among them.
    leaks
        Pairs of included cases in different folds that share patient, scan or nearly the picture (`leakage`, which stops
        counting at `leakage.MOST_LEAKS`).
    repeat_patients
        Patients with more than one included case.
    """

    phantom: bool
    scheme: str
    stages: tuple[int, ...]
    rule: Rule
    flow: CaseFlow
    images: ImageFacts
    people: tuple[PersonFacts, ...]
    unnamed: PersonFacts | None
    pairs: tuple[PairFacts, ...]
    ages_by_stage: dict[int, list[float]]
    sexes_by_stage: dict[int, Counter[str]]
    folds: dict[int, Counter[int]]
    evaluators_per_case: dict[int, int]
    confidence: Counter[str]
    shown: Counter[str]
    sources: Counter[str]
    adjudicated: int
    ambiguous_decided: int
    same_picture: int
    same_scan: int
    near_pictures: int
    leaks: int
    repeat_patients: int
    software_made: str
    read_between: tuple[str, str] | None


def gather(project: Project, people: Mapping[str, str], writer: Writer, progress: Callable[[float], None] | None = None) -> Facts:
    """The facts as they stand; `writer` is asked whether to go on, and told which cases are in.

    Parameters
    ----------
    people
        What each evaluator is called (`export_people.evaluator_names`).
    progress
        Of looking at all pictures for near duplicates, which takes longest the first time.
    """
    summaries, readings, rule = cases(project), all_readings(project), consensus.rule(project)
    stages = tuple(stage.number for stage in project.scheme.stages)
    included = [case for case in summaries if place_of(case) == "included"]
    writer.cases.update(case.case_id for case in included)
    for case in summaries:
        place = place_of(case)
        if place != "included":
            writer.leave_out(case.case_id, place if place in ("excluded", "not_captured") else "no_label")
    stands = {case.case_id: standing(readings.get(case.case_id, [])) for case in included}
    rows = [reading for found in stands.values() for reading in found]
    folds = folds_given(project)
    with project.reading() as session:
        software = session.scalars(sql.select(sql.ProjectRow.software)).first() or ""
        stored = {row.capture_id: row for row in session.scalars(sql.select(sql.CaptureRow))}
        frames = {(row.capture_id, row.n): row for row in session.scalars(sql.select(sql.RoiRow))}
    used = [stored[case.capture_id] for case in included if case.capture_id is not None]
    decided = [standing_decision(readings.get(case.case_id, [])) for case in included]
    doubted = [standing_decision(readings.get(case.case_id, [])) for case in summaries if place_of(case) == "ambiguous"]
    framed = [frames.get((case.capture_id or "", case.roi_n or 0)) for case in included if case.capture_id is not None]
    nobody = _people([reading for reading in rows if reading.evaluator == IMPORTED_EVALUATOR], people)
    inside = {case.case_id for case in included}
    near = near_duplicates.count_pairs(project, inside, progress=progress, cancelled=writer.cancelled)
    days = sorted(reading.created_utc.date().isoformat() for reading in rows)
    return Facts(
        phantom=project.phantom,
        scheme=project.scheme.id,
        stages=stages,
        rule=rule.model_copy(update={"senior": people.get(rule.senior, "")}),
        flow=flow_of(summaries, stages),
        images=_images(project, included, list(zip(used, framed, strict=True)), writer),
        people=_people([reading for reading in rows if reading.evaluator != IMPORTED_EVALUATOR], people),
        unnamed=nobody[0] if nobody else None,
        pairs=_pairs(stands.values(), people, stages),
        ages_by_stage={s: sorted(c.age_years for c in included if c.label == s and c.age_years is not None) for s in stages},
        sexes_by_stage={s: Counter(c.sex or "" for c in included if c.label == s) for s in stages},
        folds=_folds(included, folds),
        evaluators_per_case=dict(sorted(Counter(len(found) for found in stands.values()).items())),
        confidence=Counter(reading.confidence or "" for reading in rows),
        shown=Counter(reading.shown for reading in rows),
        sources=Counter(reading.source for reading in rows),
        adjudicated=sum(decision is not None and decision.stage is not None for decision in decided),
        ambiguous_decided=sum(decision is not None and decision.ambiguous for decision in doubted),
        same_picture=_groups(row.full_sha256 for row in used),
        same_scan=_groups(row.series_hash for row in used if row.series_hash),
        near_pictures=near,
        leaks=len(manifests.find_leaks(project, cancelled=writer.cancelled)) if folds else 0,
        repeat_patients=_groups(case.patient for case in included),
        software_made=software,
        read_between=(days[0], days[-1]) if days else None,
    )


def _images(
    project: Project, included: Sequence[CaseSummary], framed: Sequence[tuple[sql.CaptureRow, sql.RoiRow | None]], writer: Writer
) -> ImageFacts:
    used = [row for row, _ in framed]
    records: list[CaptureRecord] = []
    unreadable = 0
    for row in used:
        writer.go_on()
        path = project.path(CAPTURES_DIR, row.case_id, row.capture_id, RECORD_FILE)
        try:
            records.append(CaptureRecord.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            unreadable += 1
    from_scan = [record for record in records if record.series_hash is not None]
    came = [row for row in used if row.series_hash is None]
    # What the program draws for phantoms has 16 bits; what was imported never has.
    drawn = [row for row in came if project.phantom and row.full16_sha256 is not None]
    crops = [row for row, frame in framed if _is_crop(row, frame)]
    full = [row for row, frame in framed if not _is_crop(row, frame)]
    return ImageFacts(
        captured=sum(row.series_hash is not None for row in used),
        drawn=len(drawn),
        imported=len(came) - len(drawn),
        crops_alone=len(crops),
        mirrored=sum(record.mirrored for record in records),
        framed=sum(case.cropped for case in included),
        tilt_corrected=sum(bool(record.corrections) for record in records),
        unreadable=unreadable,
        spacings_mm=Counter(None if row.pixel_mm is None else round(row.pixel_mm, 3) for row in used),
        slabs_mm=Counter(round(record.slab_mm, 3) for record in from_scan),
        interpolations=Counter(record.interpolation for record in from_scan),
        software=Counter(row.software for row in used),
        heights_px=_range_of(row.height for row in full),
        widths_px=_range_of(row.width for row in full),
        crop_heights_px=_range_of(row.height for row in crops),
        crop_widths_px=_range_of(row.width for row in crops),
    )


def _is_crop(row: sql.CaptureRow, frame: sql.RoiRow | None) -> bool:
    """Whether a picture came as a crop: imported, with an upright frame as large as itself."""
    if frame is None or row.series_hash is not None or row.full16_sha256 is not None:
        return False
    return frame.angle_deg == 0.0 and frame.width_px >= 2 * min(row.height, row.width // 2)


def _range_of(sizes: Iterable[int]) -> tuple[int, int]:
    known = list(sizes)
    return min(known, default=0), max(known, default=0)


def _people(rows: Sequence[Reading], people: Mapping[str, str]) -> tuple[PersonFacts, ...]:
    by_name: dict[str, list[Reading]] = defaultdict(list)
    for reading in rows:
        by_name[people[reading.evaluator]].append(reading)
    order = [name for name in people.values() if name in by_name]
    return tuple(
        PersonFacts(
            name=name,
            readings=len(by_name[name]),
            blinded=sum(reading.blinded for reading in by_name[name]),
            ai_seen=sum(reading.ai_seen for reading in by_name[name]),
            ambiguous=sum(reading.ambiguous for reading in by_name[name]),
        )
        for name in order
    )


def _pairs(stands: Iterable[Sequence[Reading]], people: Mapping[str, str], stages: tuple[int, ...]) -> tuple[PairFacts, ...]:
    counts: dict[tuple[str, str], Counter[tuple[int, int]]] = defaultdict(Counter)
    order = {name: n for n, name in enumerate(people)}
    for found in stands:
        named = [reading for reading in found if reading.evaluator != IMPORTED_EVALUATOR]
        for one, other in combinations(sorted(named, key=lambda reading: order[reading.evaluator]), 2):
            if one.stage is not None and other.stage is not None:
                counts[one.evaluator, other.evaluator][one.stage, other.stage] += 1
    return tuple(
        PairFacts(people[one], people[other], tuple(tuple(count[i, j] for j in stages) for i in stages))
        for (one, other), count in sorted(counts.items(), key=lambda item: (order[item[0][0]], order[item[0][1]]))
    )


def _folds(included: Sequence[CaseSummary], given: Mapping[str, int]) -> dict[int, Counter[int]]:
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for case in included:
        if case.patient in given and case.label is not None:
            found[given[case.patient]][case.label] += 1
    return dict(sorted(found.items()))


def _groups(values: Iterable[str]) -> int:
    """How many values occur more than once."""
    return sum(count > 1 for count in Counter(values).values())
