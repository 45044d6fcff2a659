"""Which column of a table means what: guessed from headers in many languages, corrected by a person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from sos_studio.core.errors import BadInputError

Field = Literal["image", "stage", "patient", "age", "sex", "evaluator", "remark"]
FIELDS: tuple[Field, ...] = ("image", "stage", "patient", "age", "sex", "evaluator", "remark")
REQUIRED: tuple[Field, ...] = ("image", "stage")
# Fields by how much a word for them says beside another one's.
_TELLING: tuple[Field, ...] = ("evaluator", "remark", "sex", "age", "stage", "patient", "image")
# Rows of titles and notes may stand above the header.
_HEADER_AMONG = 20

# Folded: lower case, without accents, words parted by one space. A header that is the word counts more than one that only has it.
_WORDS: dict[Field, tuple[str, ...]] = {
    "image": (
        "image", "picture", "file", "filename", "file name", "image file", "photo", "bild", "datei", "dateiname", "bilddatei", "fichier",
        "nom du fichier", "imagen", "archivo", "fichero", "imagem", "arquivo", "immagine", "nome file", "afbeelding", "bestand", "fil",
        "filnamn", "obraz", "plik", "soubor", "kep", "fajl", "dosya", "goruntu", "изображение", "фаил", "снимок", "图像", "图片", "文件",
        "文件名", "画像", "ファイル名", "파일", "이미지", "img", "foto", "bildname", "bild nr", "crop",
    ),
    "stage": (
        "stage", "sos", "sos stage", "fusion", "fusion stage", "fusion degree", "bassed", "label", "class", "grade", "score", "stadium",
        "fusionsstadium", "stade", "stade de fusion", "estadio", "etapa", "fase", "grado", "estagio", "stadio", "stadie", "faza",
        "stadion", "evre", "стадия", "阶段", "分期", "期", "ステージ", "段階", "단계",
    ),
    "patient": (
        "patient", "patient id", "patient number", "patient no", "patient nr", "patientid", "pid", "id", "case", "case id", "subject",
        "subject id", "mrn", "patientennummer", "patienten id", "patienten nr", "fallnummer", "fall", "identifiant", "numero du patient",
        "paciente", "numero de paciente", "paziente", "patientnummer", "pacjent", "numer pacjenta", "hasta", "hasta no", "пациент",
        "患者", "患者编号", "病例号", "患者id", "환자", "환자번호", "pat nr", "pat no", "pat id", "patnr", "patid", "pat", "pt id", "pt no",
        "pt", "pseudonym", "study id", "studien id", "studiennummer", "fall nr", "fallnr", "proband", "probanden nr", "subject no",
        "case no", "participant", "participant id", "sujet", "sujeto", "soggetto", "numero paziente",
    ),
    "age": (
        "age", "age years", "age y", "age at scan", "chronological age", "alter", "lebensalter", "alter jahre", "edad", "idade", "eta",
        "leeftijd", "alder", "wiek", "vek", "kor", "yas", "возраст", "年龄", "年齢", "나이", "연령",
    ),
    "sex": (
        "sex", "gender", "m f", "f m", "geschlecht", "sexe", "genre", "sexo", "genero", "sesso", "geslacht", "kon", "kjonn", "plec",
        "pohlavi", "nem", "cinsiyet", "пол", "性别", "性別", "성별", "geschl", "m w", "w m", "m w d", "sx",
    ),
    "evaluator": (
        "evaluator", "reader", "rater", "observer", "examiner", "assessor", "annotator", "scored by", "auswerter", "befunder",
        "untersucher", "beurteiler", "evaluateur", "lecteur", "observateur", "evaluador", "observador", "avaliador", "valutatore",
        "beoordelaar", "bedomare", "oceniajacy", "degerlendirici", "эксперт", "评估者", "评价者", "評価者", "평가자",
    ),
    "remark": (
        "remark", "remarks", "comment", "comments", "note", "notes", "bemerkung", "bemerkungen", "kommentar", "anmerkung", "notiz",
        "commentaire", "remarque", "comentario", "observaciones", "observacoes", "commento", "opmerking", "anmarkning", "uwagi",
        "poznamka", "megjegyzes", "not", "aciklama", "примечание", "комментарии", "备注", "備考", "コメント", "비고", "bem", "anm",
    ),
}  # fmt: skip
# Parts of words by which a stage of this joint is told from other stages.
_OF_THE_JOINT = ("sos", "fusion", "bassed", "synchondros", "sincondros", "clivus")
# The contract's own names count more than any guess.
_CONTRACT = 3.0
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "ı": "i", "đ": "d"})


def folded(header: str) -> str:
    """A header as headers are compared: case, accents, signs and spaces don't matter."""
    plain = unicodedata.normalize("NFKD", header.casefold().translate(_SPECIAL))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", letters).replace("_", " ")))


_FOLDED: dict[Field, tuple[str, ...]] = {name: tuple(dict.fromkeys(folded(word) for word in words)) for name, words in _WORDS.items()}


def header_line(lines: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Index of the line with the headers: the one in which most are known, else the first."""
    best, most = 0, 0
    for index, (_, cells) in enumerate(lines[:_HEADER_AMONG]):
        known = sum(column is not None for column in guess(cells).values())
        if known > max(most, 1):
            best, most = index, known
    return best


def guess(headers: Sequence[str]) -> dict[Field, int | None]:
    """Column of each field by its header; None where no header says it, or two say it alike.

    The contract's own names always win over guesses.
    """
    scores = [(score, field, index) for index, header in enumerate(headers) for field, score in _scores(header).items()]
    scores = _without_other_grades(scores, headers)
    taken: dict[Field, int | None] = dict.fromkeys(FIELDS)
    used: set[int] = set()
    settled: set[Field] = set()
    for score in sorted({score for score, _, _ in scores}, reverse=True):
        for field in FIELDS:
            mine = [index for s, f, index in scores if s == score and f == field and index not in used]
            if field not in settled and mine:
                settled.add(field)  # two that say it alike are a question, whatever says it less surely
                if len(mine) == 1:
                    taken[field] = mine[0]
                    used.add(mine[0])
    return taken


def _without_other_grades(scores: list[tuple[float, Field, int]], headers: Sequence[str]) -> list[tuple[float, Field, int]]:
    """Of several columns that may be the stage the one that names the joint; none where that tells nothing.

    Angle's class, a score of the teeth and a stage of the cervical vertebrae stand in the same tables.
    """
    stages = [(score, index) for score, field, index in scores if field == "stage"]
    if len(stages) < 2 or any(score == _CONTRACT for score, _ in stages):
        return scores
    named = [index for _, index in stages if any(word in folded(headers[index]) for word in _OF_THE_JOINT)]
    kept = named if len(named) == 1 else []
    return [told for told in scores if told[1] != "stage" or told[2] in kept]


def _scores(header: str) -> dict[Field, float]:
    """How surely a header means each field."""
    text = folded(header)
    if not text:
        return {}
    if header.strip().casefold() in FIELDS:
        return {field: _CONTRACT for field in FIELDS if header.strip().casefold() == field}
    whole = {field: 2.0 - 0.01 * words.index(text) for field, words in _FOLDED.items() if text in words}
    if whole:
        return whole
    for field in _TELLING:  # "patient age" is an age, "name of the image file" an image
        if any(_inside(word, text) for word in _FOLDED[field]):
            return {field: 1.0}
    return {}


def _inside(word: str, text: str) -> bool:
    """Whether a header has the word, or one that begins with it (Patientennr.) if that is long enough to be no chance."""
    end = r"\b" if len(word) < 6 else ""
    return len(word) > 2 and re.search(rf"\b{re.escape(word)}{end}", text) is not None


def resolve(headers: Sequence[str], chosen: Mapping[str, str], *, file: str) -> dict[Field, int | None]:
    """Column of each field: what was chosen by a person first, the rest guessed.

    Parameters
    ----------
    chosen
        Header (or number of the column, from 1) by field; an empty one means that the table has no such column.

    Raises
    ------
    BadInputError
        ``import.field_unknown`` (field, fields), ``import.column_unknown`` (file, column, found), ``import.column_twice`` (file, column).
    """
    for name in chosen:
        if name not in FIELDS:
            raise BadInputError("import.field_unknown", field=name, fields=", ".join(FIELDS))
    for field in FIELDS:
        if field not in chosen and sum(header.strip().casefold() == field for header in headers) > 1:
            raise BadInputError("import.column_twice", file=file, column=field)
    fixed = {field: _index(headers, chosen[field], file) for field in FIELDS if field in chosen}
    used = set(fixed.values())
    free = guess(["" if index in used else header for index, header in enumerate(headers)])
    return {field: fixed[field] if field in fixed else free[field] for field in FIELDS}


def _index(headers: Sequence[str], wanted: str, file: str) -> int | None:
    if not wanted.strip():
        return None
    for same in (str.strip, lambda text: text.strip().casefold(), folded):
        found = [index for index, header in enumerate(headers) if same(header) == same(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInputError("import.column_twice", file=file, column=wanted)
    if wanted.strip().isdigit() and 1 <= int(wanted) <= len(headers):
        return int(wanted) - 1
    raise BadInputError("import.column_unknown", file=file, column=wanted, found=", ".join(filter(None, headers)) or "–")
