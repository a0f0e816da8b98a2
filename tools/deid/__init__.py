"""De-identification of text, DICOM, VCF, FHIR and whole case folders, and the way back for the physician."""
