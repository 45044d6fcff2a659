"""The datasheet's sections, after *Datasheets for Datasets* (Gebru et al., 2021) and STARD 2015."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sos_studio.dataset import leakage
from sos_studio.dataset.export_facts import Facts
from sos_studio.services.datasheet import details, methods, plots
from sos_studio.services.datasheet.parts import Fields, Heading, Paragraph, Part, Table, counted, listed, mm, share

RESEARCH_USE = "Research use only — not a medical device."


def title(filled: Mapping[str, str]) -> str:
    """What the datasheet is called."""
    return filled.get("title") or "Datasheet of a dataset of the spheno-occipital synchondrosis"


def sections(facts: Facts, filled: Mapping[str, str], software: str) -> list[Part]:
    """Everything between title and footer."""
    parts = (_about, _flow, _composition, _images, _labels, _splits)
    found = [part for make in parts for part in make(facts)]
    words = methods.paragraph(facts)
    if words:
        found += [Heading("Methods paragraph"), Paragraph(words)]
    fields = tuple((label, filled.get(key, "")) for key, label in details.FIELDS.items())
    found += [Heading("Filled in by the authors"), Fields(fields)]
    return [*found, *_software(facts, software)]


def _about(facts: Facts) -> Iterator[Part]:
    flow = facts.flow
    kind = "synthetic images (phantoms, of nobody)" if facts.phantom else "images"
    if facts.phantom and facts.images.imported:
        kind = "images, synthetic ones (phantoms, of nobody) and imported ones,"
    yield Paragraph(
        f"Midsagittal {kind} of the spheno-occipital synchondrosis, the joint between sphenoid and occipital bone, with stages of its "
        f"fusion (scheme {facts.scheme}). {counted(flow.included, 'case')} of {counted(flow.patients_included, 'patient')}. {RESEARCH_USE}"
    )
    yield Paragraph(
        "Cases and patients carry pseudonyms. The dataset holds no names, numbers, birth dates, dates of scans, identifiers of "
        "the scans or file names of their source, and no remarks of evaluators."
    )


def _flow(facts: Facts) -> Iterator[Part]:
    yield Heading("Cases screened, excluded and included")
    yield plots.flow_diagram(facts)


def _composition(facts: Facts) -> Iterator[Part]:
    if not facts.flow.included:
        return
    yield Heading("Composition")
    yield plots.stages(facts)
    names = {"F": "Female", "M": "Male", "": "Sex unknown"}
    sexes = [sex for sex in names if any(count[sex] for count in facts.sexes_by_stage.values())]
    words, rows = methods.stage_words(facts), []
    for stage, n in facts.flow.by_stage.items():
        by_sex = [f"{facts.sexes_by_stage[stage][sex]:,}" for sex in sexes]
        rows.append((f"{stage}: {words[stage]}", share(n, facts.flow.included), *by_sex, _age_words(facts.ages_by_stage[stage])))
    every = [age for stage in facts.stages for age in facts.ages_by_stage[stage]]
    totals = [f"{sum(count[sex] for count in facts.sexes_by_stage.values()):,}" for sex in sexes]
    rows.append(("All", f"{facts.flow.included:,}", *totals, _age_words(sorted(every))))
    yield Table(("Stage", "Cases", *(names[sex] for sex in sexes), "Age in years: mean (range), known of"), tuple(rows))
    if every:
        yield plots.ages(facts)
    alike = [
        ("Patients with more than one case", facts.repeat_patients),
        ("Scans that more than one case comes from", facts.same_scan),
        ("Full images that more than one case shares", facts.same_picture),
        ("Pairs of cases whose full images look nearly alike", facts.near_pictures),
    ]
    yield Table(("Repeats and duplicates among included cases", "Number"), tuple((words, f"{n:,}") for words, n in alike))


def _age_words(ages: Sequence[float]) -> str:
    return f"{sum(ages) / len(ages):.1f} ({min(ages):.0f}–{max(ages):.0f}), {len(ages):,}" if ages else "–"


def _images(facts: Facts) -> Iterator[Part]:
    images = facts.images
    if not facts.flow.included:
        return
    yield Heading("Images")
    rows = [
        ("Captured from scans here", share(images.captured, facts.flow.included)),
        *((("Drawn by the program", share(images.drawn, facts.flow.included)),) if images.drawn else ()),
        ("Imported as pictures", share(images.imported, facts.flow.included)),
        *((("Of these, crops without a full image", f"{images.crops_alone:,}"),) if images.crops_alone else ()),
        ("With a frame around the synchondrosis", share(images.framed, facts.flow.included)),
        *_sizes("Height × width of full images", images.heights_px, images.widths_px),
        *_sizes("Height × width of crops without a full image", images.crop_heights_px, images.crop_widths_px),
        *((f"Pixel size {mm(size)}", f"{n:,}") for size, n in sorted(images.spacings_mm.items(), key=str)),
        *((f"Slab thickness {mm(slab)}" if slab else "A single plane, no slab", f"{n:,}") for slab, n in sorted(images.slabs_mm.items())),
        *((f"Made with {name}", f"{n:,}") for name, n in images.software.most_common()),
    ]
    optional = ((images.mirrored, "Mirrored to face right"), (images.tilt_corrected, "Gantry tilt corrected"))
    rows += [(words, f"{n:,}") for n, words in optional if n]
    if images.unreadable:
        rows.append(("Damaged records, not counted above", f"{images.unreadable:,}"))
    yield Table(("Property", "Cases"), tuple(rows))


def _sizes(words: str, heights_px: tuple[int, int], widths_px: tuple[int, int]) -> Iterator[tuple[str, str]]:
    if heights_px[1]:
        yield words, f"{_range(heights_px)} × {_range(widths_px)} pixels"


def _range(sizes: tuple[int, int]) -> str:
    return f"{sizes[0]:,}" if sizes[0] == sizes[1] else f"{sizes[0]:,}–{sizes[1]:,}"


def _labels(facts: Facts) -> Iterator[Part]:
    named = [(person.name, person) for person in facts.people]
    everybody = named + ([("From tables, nobody named", facts.unnamed)] if facts.unnamed is not None else [])
    if not everybody:
        return
    yield Heading("Readings and labels")
    rows = [(name, f"{p.readings:,}", f"{p.blinded:,}", f"{p.ai_seen:,}", f"{p.ambiguous:,}") for name, p in everybody]
    header = ("Evaluator", "Readings", "Blinded", "After a prediction was shown", "Called ambiguous")
    yield Table(header, tuple(rows))
    per_case = listed([f"{counted(cases, 'case')} with {counted(n, 'reading')}" for n, cases in facts.evaluators_per_case.items()])
    first, last = facts.read_between or ("", "")
    between = f" Read on {first}." if first == last else f" Read between {first} and {last}."
    decided = f" {counted(facts.adjudicated, 'label was', 'labels were')} decided by an adjudicator." if facts.adjudicated else ""
    yield Paragraph(f"{per_case[:1].upper()}{per_case[1:]}. A case's label is {methods.label_rule(facts)}.{decided}{between}")
    pairs = [pair for pair in facts.pairs if pair.cases]
    if pairs:
        yield Table(
            ("Pair of evaluators", "Cases read by both", "Same stage", "At most one stage apart"),
            tuple((f"{p.first} · {p.second}", f"{p.cases:,}", share(p.within(0), p.cases), share(p.within(1), p.cases)) for p in pairs),
        )
        yield plots.agreement(pairs, facts.stages)


def _splits(facts: Facts) -> Iterator[Part]:
    if not facts.folds:
        return
    yield Heading("Splits")
    yield Paragraph(
        "Folds are stratified by stage and grouped by patient: all cases of a patient are in the same fold, which never changes."
    )
    without = facts.flow.included - sum(n.total() for n in facts.folds.values())
    if without:
        have = "case has" if without == 1 else "cases have"
        yield Paragraph(f"{without:,} included {have} no fold yet and are not in the table: the next training gives them theirs.")
    rows = [(f"Fold {fold + 1}", *(f"{n[stage]:,}" for stage in facts.stages), f"{n.total():,}") for fold, n in facts.folds.items()]
    if facts.leaks:
        pairs = counted(facts.leaks, "pair of cases is", "pairs of cases are")
        least = "At least " if facts.leaks >= leakage.MOST_LEAKS else ""
        yield Paragraph(
            f"{least}{pairs} in different folds although patient, scan or picture seem to be the same: look at them before training."
        )
    yield Table(("", *(f"Stage\u00a0{stage}" for stage in facts.stages), "All"), tuple(rows))


def _software(facts: Facts, software: str) -> Iterator[Part]:
    yield Heading("Software")
    made = listed(sorted({name for name in (facts.software_made, *facts.images.software) if name}))
    yield Paragraph(f"Project and images made with {made}. This datasheet was written by {software}.")
