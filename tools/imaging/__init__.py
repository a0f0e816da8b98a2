"""From a scanner's files to a measured, explained, exported lesion.

Arrays are indexed (x, y, z) and world coordinates are DICOM patient millimetres (LPS: x to the patient's left,
y to the back, z to the head). Heavy libraries are imported inside functions.
"""
