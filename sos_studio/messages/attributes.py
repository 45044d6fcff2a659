"""Plain words for attributes of DICOM headers, where messages name them; one without words is named as it is."""

from sos_studio.messages import Template

PREFIX = "attribute."

MESSAGES: dict[str, Template] = {
    f"{PREFIX}{keyword}": Template(words)
    for keyword, words in {
        "PixelSpacing": "pixel size",
        "ImagePositionPatient": "slice position",
        "ImageOrientationPatient": "slice direction",
        "Rows": "picture size",
        "Columns": "picture size",
        "NumberOfFrames": "number of pictures",
        "BitsAllocated": "bits per pixel",
        "BitsStored": "bits per pixel",
        "HighBit": "bits per pixel",
        "PixelRepresentation": "sign of the pixels",
        "SamplesPerPixel": "colours per pixel",
        "RescaleSlope": "scale of the grey values",
        "RescaleIntercept": "zero of the grey values",
        "ModalityLUTSequence": "table of grey values",
        "PerFrameFunctionalGroupsSequence": "geometry of the pictures",
        "TemporalPositionIdentifier": "point in time",
        "TemporalPositionIndex": "point in time",
        "TriggerTime": "point in time",
        "NominalPercentageOfCardiacPhase": "phase of the heartbeat",
        "EchoNumbers": "echo",
        "KVP": "tube voltage",
        "FilterType": "X-ray filter",
        "ReconstructionDiameter": "field of view",
        "SliceThickness": "slice thickness",
        "DiffusionBValue": "diffusion weighting",
        "ImageType": "type of image",
        "FrameType": "type of image",
        "SeriesNumber": "series number",
        "AcquisitionNumber": "acquisition",
        "FrameAcquisitionNumber": "acquisition",
        "AcquisitionDateTime": "time of acquisition",
        "AcquisitionTime": "time of acquisition",
        "SeriesTime": "time of the series",
        "SeriesDescription": "description",
        "ContrastBolusAgent": "contrast medium",
        "ProtocolName": "protocol",
    }.items()
}
