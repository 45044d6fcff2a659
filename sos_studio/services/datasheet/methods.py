"""The methods paragraph: sentences that the facts allow, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from sos_studio.core.manifests import FOLDS
from sos_studio.core.roi import WIDTH_OVER_ENDS
from sos_studio.dataset.export_facts import Facts, ImageFacts
from sos_studio.messages import catalogue
from sos_studio.services.datasheet.parts import counted, listed, mm, share

_RULES = {
    "majority": "the stage that more than half of the evaluators gave",
    "median": "the median of the evaluators' stages",
    "senior": "the stage that the senior evaluator gave, or that all others agreed on where the senior evaluator had not read",
}
_SHOWN = {"crop": "the crop alone", "full_image": "the full image alone", "crop_and_full_image": "the crop beside the full image"}


def paragraph(facts: Facts) -> str:
    """All sentences in one paragraph; empty as long as no case is included."""
    if not facts.flow.included:
        return ""
    parts = (_cases(facts), _pictures(facts.images, facts.phantom), _crops(facts), _reading(facts), _label(facts), _agreement(facts))
    return " ".join(sentence for part in (*parts, _splits(facts)) for sentence in part)


def reasons(facts: Facts) -> list[str]:
    """Why cases were excluded, in words with counts."""
    words = catalogue()
    return [f"{words[f'exclusion.{code}'].text} ({n})" for code, n in facts.flow.excluded.items()]


def label_rule(facts: Facts) -> str:
    """The consensus rule in words."""
    return _RULES[facts.rule.name]


def _cases(facts: Facts) -> Iterator[str]:
    flow = facts.flow
    kind = "synthetic (phantom) cases" if facts.phantom and not facts.images.imported else "cases"
    also = ", synthetic (phantom) and imported ones" if facts.phantom and facts.images.imported else ""
    yield f"We screened {flow.screened:,} {kind} of {counted(flow.patients_screened, 'patient')}{also}."
    if flow.excluded:
        yield f"{counted(flow.excluded_count, 'case was', 'cases were')} excluded: {listed(reasons(facts))}."
    others = [
        (flow.not_captured, "without a midsagittal image"),
        (flow.unread, "not read"),
        (flow.ambiguous - facts.ambiguous_decided, "called ambiguous by the evaluators"),
        (facts.ambiguous_decided, "called ambiguous by an adjudicator"),
        (flow.open, "on whose stage the evaluators did not agree"),
    ]
    left = [f"{counted(n, 'case')} {words}" for n, words in others if n]
    if left:
        yield f"We left out {listed(left)}."
    stages = listed([f"{n} in stage {stage}" for stage, n in flow.by_stage.items()])
    yield f"The dataset has {counted(flow.included, 'case')} of {counted(flow.patients_included, 'patient')} ({stages})."
    ages = sorted(age for found in facts.ages_by_stage.values() for age in found)
    if ages:
        mean = sum(ages) / len(ages)
        known = "" if len(ages) == flow.included else f", known of {len(ages):,}"
        yield f"Ages were {ages[0]:.0f} to {ages[-1]:.0f} years (mean {mean:.1f}{known})."
    women, men = (sum(count[sex] for count in facts.sexes_by_stage.values()) for sex in "FM")
    if women + men:
        known = "" if women + men == flow.included else f"; unknown in {flow.included - women - men}"
        yield f"{women} were female and {men} male{known}."


def _pictures(images: ImageFacts, phantom: bool) -> Iterator[str]:
    programs = listed([f"{name}" for name, _ in images.software.most_common()])
    if images.captured:
        scans = "synthetic volumes" if phantom else "cone-beam CT scans"
        sizes = listed([mm(size) for size, _ in sorted(images.spacings_mm.items(), key=str) if size is not None])
        ways = listed([f"{name} interpolation" for name in images.interpolations if name != "none"])
        how = "; ".join(words for words in (programs, ways, f"pixels of {sizes}" if sizes else "") if words)
        yield (
            f"In {images.captured:,} {scans}, the head was turned until the inferior border of the basilar part of the occipital bone lay "
            "parallel to the axial plane (roll, in the coronal view) and its anterior border parallel to the coronal plane (yaw, in the "
            f"axial view); the sagittal plane was moved until it bisected the basilar part, and captured ({how})."
        )
        thick = [slab for slab in images.slabs_mm if slab > 0]
        if thick:
            yield f"{counted(sum(images.slabs_mm[s] for s in thick), 'image')} averaged a slab of {listed([mm(s) for s in sorted(thick)])}."
        if images.tilt_corrected:
            yield f"A tilted gantry was corrected by resampling in {counted(images.tilt_corrected, 'case')}."
    sizes = listed([mm(size) for size, _ in sorted(images.spacings_mm.items(), key=str)])
    about = "" if images.captured else f" ({programs}; pixel size: {sizes})"
    if images.drawn:
        drawn = counted(images.drawn, "synthetic midsagittal image was", "synthetic midsagittal images were")
        yield f"{drawn} drawn{about}."
    if images.imported:
        made = counted(images.imported, "midsagittal image had", "midsagittal images had")
        were = "was" if images.imported == 1 else "were"
        crops = f", {images.crops_alone:,} of them as crops without a full image" if images.crops_alone else ""
        yield f"{made} been made before and {were} imported{crops}{'' if images.drawn else about}."
    if images.mirrored:
        were = "was" if images.mirrored == 1 else "were"
        yield f"{counted(images.mirrored, 'image')} facing left {were} mirrored, so that all faces look right."


def _crops(facts: Facts) -> Iterator[str]:
    if facts.images.framed:
        yield (
            f"In {facts.images.framed:,} of {counted(facts.flow.included, 'image')}, the endocranial and ectocranial ends of the "
            "synchondrosis were marked, and the image was turned until both lay on a horizontal line and cropped at 2:1, "
            f"{WIDTH_OVER_ENDS:g} times as wide as their distance unless the frame was changed by hand."
        )


def _reading(facts: Facts) -> Iterator[str]:
    named, unnamed = sum(person.readings for person in facts.people), facts.unnamed.readings if facts.unnamed is not None else 0
    rows = named + unnamed
    if not rows:
        return
    stages = "; ".join(f"{n}, {words}" for n, words in stage_words(facts).items())
    simulated = "simulated " if facts.sources.get("phantom") == named else ""
    count = len(facts.people)
    who = f"{counted(count, f'{simulated}evaluator')} staged" if named else "Evaluators whose names are not known staged"
    yield f"{who} the fusion of the synchondrosis ({facts.scheme}: {stages}) in {counted(named or rows, 'reading')}."
    shown = [f"{_SHOWN[what]} in {share(n, rows)}" for what, n in facts.shown.most_common()]
    yield f"They were shown {listed(shown)}." if len(shown) > 1 else f"They were shown {_SHOWN[next(iter(facts.shown))]}."
    everybody = (*facts.people, *((facts.unnamed,) if facts.unnamed is not None else ()))
    blinded, seen = sum(p.blinded for p in everybody), sum(p.ai_seen for p in everybody)
    if blinded:
        yield f"{share(blinded, rows)} readings were made blinded to other evaluators, to predictions and to the patient."
    if seen:
        yield f"A network's prediction had been shown before {share(seen, rows)} readings."
    if facts.sources.get("imported"):
        nameless = f", {unnamed:,} of them without an evaluator's name" if unnamed else ""
        yield f"{share(facts.sources['imported'], rows)} readings were taken over from earlier tables{nameless}."


def _label(facts: Facts) -> Iterator[str]:
    per_case = listed([f"{counted(n, 'reading')} in {counted(cases, 'case')}" for n, cases in facts.evaluators_per_case.items() if n])
    if max(facts.evaluators_per_case, default=0) > 1:
        yield f"With {per_case}, a case's label was {label_rule(facts)}."
    if facts.adjudicated:
        yield f"An adjudicator who saw all readings decided {counted(facts.adjudicated, 'case')}."


def _agreement(facts: Facts) -> Iterator[str]:
    pairs = [pair for pair in facts.pairs if pair.cases]
    cases, same, near = (sum(f) for f in zip(*((p.cases, p.within(0), p.within(1)) for p in pairs), strict=True)) if pairs else (0, 0, 0)
    if cases:
        over = "the two evaluators" if len(pairs) == 1 else f"all {len(pairs)} pairs of evaluators"
        yield (
            f"Over {over}, stages were the same in {share(same, cases)} of {cases:,} comparisons and at most one stage apart in "
            f"{share(near, cases)}."
        )


def _splits(facts: Facts) -> Iterator[str]:
    if facts.folds:
        yield (
            f"Patients were divided into {FOLDS} folds, stratified by stage and otherwise at random, with all cases of a patient in the "
            "same fold; a patient's fold never changed."
        )
        without = facts.flow.included - sum(n.total() for n in facts.folds.values())
        if without:
            yield f"{counted(without, 'case')} that came later {'has' if without == 1 else 'have'} no fold yet."


def stage_words(facts: Facts) -> dict[int, str]:
    """Definition of each stage, in English."""
    from sos_studio.core.stages import scheme

    return {stage.number: catalogue()[stage.code].text.lower() for stage in scheme(facts.scheme).stages}
