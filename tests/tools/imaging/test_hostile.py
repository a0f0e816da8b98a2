"""Broken and hostile scans: each is refused with a typed error, within bounds, and nothing else happens."""

from __future__ import annotations

import gzip
import os
import struct
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from knowledge.errors import BadInput
from tests.tools.imaging import phantoms
from tools.imaging.intake import load_volume, read_to_file

Maker = Callable[[Path], Path]


def nifti(change: Callable[[bytearray], bytearray], gz: bool = True) -> Maker:
    def make(folder: Path) -> Path:
        image = nib.Nifti1Image(phantoms.phantom().astype(np.int16), np.diag([-1.5, -2, 3, 1]))
        data = bytes(change(bytearray(image.to_bytes())))
        path = folder / ("scan.nii.gz" if gz else "scan.nii")
        path.write_bytes(gzip.compress(data, 1) if gz else data)
        return path

    return make


def put(offset: int, form: str, *values: float) -> Callable[[bytearray], bytearray]:
    def change(data: bytearray) -> bytearray:
        struct.pack_into(form, data, offset, *values)
        return data

    return change


def array(shape: tuple[int, ...], fill: float = 0.0, change: Callable[[np.ndarray], object] = lambda a: None) -> Maker:
    def make(folder: Path) -> Path:
        voxels = np.random.default_rng(0).normal(fill, 50, shape).astype(np.float32)
        change(voxels)
        nib.save(nib.Nifti1Image(voxels, np.diag([1, 1, 2, 1])), folder / "scan.nii.gz")
        return folder / "scan.nii.gz"

    return make


def raw(name: str, data: bytes) -> Maker:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def series(change: Callable[[pydicom.Dataset], object], only: int | None = None) -> Maker:
    """A DICOM series of which `change` spoils every slice, or one."""

    def make(folder: Path) -> Path:
        for number, path in enumerate(phantoms.write_series(folder / "s", phantoms.phantom(), phantoms.lps_affine())):
            if only is None or number == only:
                data = pydicom.dcmread(path)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    change(data)
                    data.save_as(path)
        return folder / "s"

    return make


def setting(**values: object) -> Callable[[pydicom.Dataset], object]:
    def change(data: pydicom.Dataset) -> None:
        for keyword, value in values.items():
            setattr(data, keyword, value)

    return change


def lacking(*keywords: str) -> Callable[[pydicom.Dataset], object]:
    def change(data: pydicom.Dataset) -> None:
        for keyword in keywords:
            delattr(data, keyword)

    return change


def short(data: pydicom.Dataset) -> None:
    data.PixelData = data.PixelData[: len(data.PixelData) // 2]


def cut_file(folder: Path) -> Path:
    for path in phantoms.write_series(folder / "s", phantoms.phantom(), phantoms.lps_affine()):
        path.write_bytes(path.read_bytes()[:900])
    return folder / "s"


def nan_hole(voxels: np.ndarray) -> None:
    voxels[3:6, 3:6, 3:6] = np.nan


def infinite(voxels: np.ndarray) -> None:
    voxels[0, 0, 0] = np.inf


def constant(voxels: np.ndarray) -> None:
    voxels[:] = 7


NRRD = (
    b"NRRD0004\ntype: short\ndimension: 3\nsizes: %s\nencoding: raw\nendian: little\nspace: left-posterior-superior\n"
)
AXES = b"space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n"
MHA = "ObjectType = Image\nNDims = 3\nDimSize = {size}\nElementType = MET_SHORT\nElementSpacing = 1 1 1\n"

CASES: dict[str, Maker] = {
    # files that are not what they say
    "an empty NIfTI": raw("scan.nii.gz", b""),
    "text named NIfTI": raw("scan.nii", b"hello" * 200),
    "gzip of nothing": raw("scan.nii.gz", gzip.compress(b"")),
    "a NIfTI cut short": nifti(lambda d: d[: len(d) // 2]),
    "gzip cut short": raw("scan.nii.gz", gzip.compress(os.urandom(5000))[:3000]),
    "gzip with a broken checksum": raw("scan.nii.gz", gzip.compress(b"x" * 9000)[:-8] + b"\0" * 8),
    "a program named DICOM": raw("scan.dcm", b"\x7fELF" + os.urandom(600)),
    "random bytes": raw("scan.dcm", os.urandom(4096)),
    "a picture": raw("scan.dcm", b"\x89PNG\r\n\x1a\n" + b"\0" * 500),
    "an unknown ending": raw("scan.xyz", b"abc"),
    # NIfTI headers that lie
    "a NIfTI of 30,000 a side": nifti(put(40, "<8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)),
    "negative dimensions": nifti(put(40, "<8h", 3, -40, 32, 20, 1, 1, 1, 1)),
    "more voxels than bytes": nifti(put(40, "<8h", 3, 400, 320, 200, 1, 1, 1, 1), gz=False),
    "zero spacing": nifti(put(280, "<12f", *([0.0] * 12))),
    "spacing that is not a number": nifti(put(280, "<12f", *([float("nan")] * 12))),
    "spacing of 500 mm": nifti(put(280, "<12f", 500, 0, 0, 0, 0, 500, 0, 0, 0, 0, 500, 0)),
    "sheared axes": nifti(put(280, "<12f", 1, 0.6, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)),
    "an unknown data type": nifti(put(70, "<h", 4242)),
    "a voxel offset beyond the file": nifti(put(108, "<f", 1e9), gz=False),
    "a 2-D image": array((64, 64)),
    "a stack of two slices": array((64, 64, 2)),
    "four time points": array((20, 20, 10, 4)),
    # voxels that are not an image
    "NaN in the voxels": array((20, 20, 12), change=nan_hole),
    "infinity in the voxels": array((20, 20, 12), change=infinite),
    "one value only": array((20, 20, 12), change=constant),
    # headers that point elsewhere
    "a NRRD that names another file": raw("s.nrrd", NRRD % b"9 9 9" + b"data file: /etc/passwd\n\n"),
    "a detached NRRD header": raw("s.nhdr", NRRD % b"9 9 9" + AXES + b"datafile: ../../secret.raw\n\n"),
    "a MetaImage that names another file": raw(
        "s.mha", (MHA.format(size="9 9 9") + "ElementDataFile = /etc/passwd\n").encode()
    ),
    "a MetaImage that lists files": raw(
        "s.mhd", (MHA.format(size="9 9 9") + "ElementDataFile = LIST\n/etc/passwd\n").encode()
    ),
    "a NRRD cut short": raw("s.nrrd", NRRD % b"90 90 90" + AXES + b"\n" + b"\0" * 100),
    "a NRRD of 100,000 a side": raw("s.nrrd", NRRD % b"100000 100000 100000" + AXES + b"\n" + b"\0" * 100),
    "a MetaImage cut short": raw("s.mha", (MHA.format(size="90 90 90") + "ElementDataFile = LOCAL\n").encode()),
    # DICOM
    "an empty folder": lambda folder: folder,
    "slices cut short in the header": cut_file,
    "pixels cut short": series(short, only=4),
    "no pixels": series(lacking("PixelData")),
    "no position": series(lacking("ImagePositionPatient"), only=2),
    "no orientation": series(lacking("ImageOrientationPatient")),
    "no pixel spacing": series(lacking("PixelSpacing")),
    "zero pixel spacing": series(setting(PixelSpacing=[0.0, 0.0])),
    "negative pixel spacing": series(setting(PixelSpacing=[-1.0, -1.0])),
    "directions that are not perpendicular": series(setting(ImageOrientationPatient=[1, 0, 0, 0.7, 0.7, 0])),
    "directions of length zero": series(setting(ImageOrientationPatient=[0, 0, 0, 0, 0, 0])),
    "all slices in one place": series(setting(ImagePositionPatient=[0, 0, 0])),
    "a rescale slope of zero": series(setting(RescaleSlope=0)),
    "an ultrasound": series(setting(Modality="US")),
    "a radiograph": series(setting(Modality="DX")),
    "a colour picture": series(setting(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)),
    "a matrix larger than the pixels": series(setting(Rows=60000, Columns=60000)),
    "a million frames": series(setting(NumberOfFrames=1000000), only=0),
    "frames without their places": series(setting(NumberOfFrames=3), only=0),
}


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
@pytest.mark.filterwarnings("ignore")
def test_it_is_refused_with_file_place_and_what_is_accepted(make, tmp_path):
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in")
    with pytest.raises(BadInput) as caught:
        read_to_file(str(path), str(tmp_path / "out.npy"), "the-scan", None)
    assert caught.value.file == "the-scan"
    assert caught.value.place
    assert caught.value.accepted
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "out.npy").exists()


def test_there_are_forty_of_them():
    assert len(CASES) >= 40


def nifti_bomb(folder: Path) -> Path:
    """Two megabytes that unpack to four gigabytes."""
    header = bytearray(nib.Nifti1Image(np.zeros((5, 5, 5), np.uint8), np.eye(4)).to_bytes()[:352])
    struct.pack_into("<8h", header, 40, 3, 640, 640, 640, 1, 1, 1, 1)
    struct.pack_into("<h", header, 70, 64)
    struct.pack_into("<h", header, 72, 64)
    path = folder / "bomb.nii.gz"
    member = gzip.compress(b"\0" * (16 * 1024 * 1024), 9, mtime=0)
    path.write_bytes(gzip.compress(bytes(header), mtime=0) + member * 256)
    return path


def deflated_dicom_bomb(folder: Path) -> Path:
    """A deflated DICOM file whose header alone unpacks to three gigabytes."""
    path = phantoms.write_series(folder / "s", phantoms.phantom(), phantoms.lps_affine())[0]
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(path)
    start = path.read_bytes()
    head = start[: start.rindex(b"1.2.840.10008.1.2.1.99") + 400]
    offset = 132 + 12 + struct.unpack("<I", start[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(struct.pack("<HH2sHI", 8, 0x70, b"UN", 0, 3 * 1024**3)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"\0" * (4 * 1024 * 1024)) + packer.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(head[:offset] + first + block * 768 + packer.flush())
    return folder / "s"


@pytest.mark.slow
@pytest.mark.parametrize("make", [nifti_bomb, deflated_dicom_bomb])
@pytest.mark.hazard("HAZ-16")
def test_a_bomb_ends_in_a_refusal_and_not_in_a_full_memory(make, tmp_path):
    path = make(tmp_path)
    size = sum(p.stat().st_size for p in ([path] if path.is_file() else path.rglob("*")))
    assert size < 6_000_000
    with pytest.raises(BadInput):
        load_volume(path, "the-scan")


@pytest.mark.slow
def test_ten_thousand_files_are_refused_without_reading_them(tmp_path):
    for number in range(10_000):
        (tmp_path / f"{number}.dcm").touch()
    began = time.process_time()
    with pytest.raises(BadInput, match="more than 4000 files"):
        load_volume(tmp_path, "the-scan")
    assert time.process_time() >= began


def test_path_tricks_in_tags_touch_no_file(tmp_path):
    folder = series(setting(SeriesInstanceUID="../../../../tmp/evil", PatientName="$(touch evil)"))(tmp_path)
    volume = load_volume(folder, "the-scan")
    assert volume.shape == phantoms.SHAPE
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"]


def test_a_symbolic_link_in_the_folder_is_not_followed(tmp_path):
    folder = series(lambda d: None)(tmp_path)
    (folder / "link.dcm").symlink_to("/etc/passwd")
    assert load_volume(folder, "the-scan").shape == phantoms.SHAPE


def test_a_scan_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(BadInput, match="not there"):
        load_volume(tmp_path / "nothing", "the-scan")
